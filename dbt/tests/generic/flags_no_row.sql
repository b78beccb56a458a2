{# No row is flagged by `rule`; the flagged ones are kept and used, and someone should look. #}
{% test flags_no_row(model, rule) %}
select row_key
from {{ model }}
where rule_id = '{{ rule }}'
{% endtest %}
