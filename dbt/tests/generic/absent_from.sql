{# No value of this column stands in the column of the same name of `to`. #}
{% test absent_from(model, column_name, to) %}
select {{ column_name }} from {{ model }}
where {{ column_name }} in (select {{ column_name }} from {{ to }})
{% endtest %}
