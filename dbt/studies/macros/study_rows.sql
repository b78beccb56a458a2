{#- The columns of a mart's contract from the rows of its name: a column is written once, in the
    contract. A file without rows has no columns. -#}
{% macro study_rows() %}
  {%- set file = env_var('PLATEAU_STUDY_ROWS') ~ '/' ~ model.name ~ '.parquet' -%}
  {%- set held = run_query("select column_name from (describe select * from read_parquet('" ~ file ~ "'))").columns[0].values() if execute else [] -%}
  select
  {%- for column in model.columns.values() %}
    cast({{ column.name if column.name in held or not execute else 'null' }} as {{ column.data_type }}) as {{ column.name }}{{ "," if not loop.last }}
  {%- endfor %}
  from read_parquet('{{ file }}')
  {%- if execute and 'study' not in held %} where false{% endif %}
{% endmacro %}
