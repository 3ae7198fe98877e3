-- The tables of {{ name }}, from {{ spec | comment }}, as loading it into SQLite makes them.
{% for resource in resources %}{% if resource.write_disposition != "skip" %}
{% if resource.description %}-- {{ resource.description | comment }}
{% endif -%}
CREATE TABLE {{ resource.sql_name }} (
{%- if not resource.columns %}
    "record" TEXT NOT NULL
{%- else %}
{%- for column in resource.sql_columns %}
    {{ column.sql_name }} {{ column.sqlite }}{% if not loop.last %},{% endif %}
{%- endfor %}
{%- endif %}
{%- if resource.sql_key %},
    PRIMARY KEY ({{ resource.sql_key | join(sep=", ") }})
{%- endif %}
) STRICT;
{%- for table in resource.child_tables %}

-- The elements of `{{ resource.name }}.{{ table.column }}`.
CREATE TABLE {{ table.sql_name }} (
{%- for column in table.columns %}
    {{ column.sql_name }} {{ column.sqlite }}{% if not loop.last %},{% endif %}
{%- endfor %}
{%- if table.sql_key %},
    PRIMARY KEY ({{ table.sql_key | join(sep=", ") }})
{%- endif %}
) STRICT;
{% endfor -%}
{% endif %}{% endfor -%}
