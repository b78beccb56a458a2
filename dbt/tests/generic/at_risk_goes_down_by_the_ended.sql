{# Who is not at the next session stopped or is censored at this one: nobody gets lost between. #}
{% test at_risk_goes_down_by_the_ended(model) %}
select
    population,
    session_no,
    n_treated - n_stopped - n_censored as n_staying,
    coalesce(lead(n_treated) over (
        partition by population
        order by session_no
    ), 0) as n_next
from {{ model }}
qualify n_staying <> n_next
{% endtest %}
