// Made from {{ spec }} by rest-source. Changes are lost when it is made again.

{{ module }}
