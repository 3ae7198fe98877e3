// Made from {{ spec }} by rest-source. Changes are lost when it is generated again.

{{ module }}
