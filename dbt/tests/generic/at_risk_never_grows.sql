{# Within a population, a later session is never received by more patients than an earlier one. #}
{% test at_risk_never_grows(model) %}
select population
from {{ model }}
qualify
    n_treated > lag(n_treated) over (
        partition by population
        order by session_no
    )
{% endtest %}
