{#- A build is a file that nobody reads yet: a table is replaced where it stands, in one
    transaction, without the copies under other names by which dbt keeps readers going. -#}
{% materialization table, adapter='duckdb' %}
  {%- set target = this.incorporate(type='table') -%}
  {%- set standing = load_cached_relation(this) -%}
  {{ run_hooks(pre_hooks) }}
  {% if standing is not none %}
    {% do adapter.drop_relation(standing) %}
  {% endif %}
  {% call statement('main') -%}
    {{ create_table_as(False, target, compiled_code) }}
  {%- endcall %}
  {{ run_hooks(post_hooks) }}
  {{ adapter.commit() }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}
