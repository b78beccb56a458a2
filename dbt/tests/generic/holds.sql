{# `condition` is true in every row: neither false nor unknown. #}
{% test holds(model, condition) %}
select * from {{ model }}
where ({{ condition }}) is not true
{% endtest %}
