-- The tables of {{ name }}, from {{ spec | comment }}, for PostgreSQL.
{% for resource in resources %}{% if resource.write_disposition != "skip" %}
{% if resource.description %}-- {{ resource.description | comment }}
{% endif -%}
CREATE TABLE {{ resource.sql_name }} (
{%- if not resource.columns %}
    "record" jsonb NOT NULL
{%- else %}
{%- for column in resource.sql_columns %}
    {{ column.sql_name }} {{ column.postgres }}{% if not column.nullable %} NOT NULL{% endif %}{% if not loop.last %},{% endif %}
{%- endfor %}
{%- endif %}
{%- if resource.sql_key %},
    PRIMARY KEY ({{ resource.sql_key | join(sep=", ") }})
{%- endif %}
);
{%- for table in resource.child_tables %}

-- The elements of `{{ resource.name }}.{{ table.column }}`.
CREATE TABLE {{ table.sql_name }} (
{%- for column in table.columns %}
    {{ column.sql_name }} {{ column.postgres }}{% if not column.nullable %} NOT NULL{% endif %}{% if not loop.last %},{% endif %}
{%- endfor %}
{%- if table.sql_key %},
    PRIMARY KEY ({{ table.sql_key | join(sep=", ") }})
{%- endif %}
);
{% endfor -%}
{% endif %}{% endfor -%}
