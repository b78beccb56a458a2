{# Each of the nested `steps` counts no more patients and sessions than the one before it. #}
{% test never_increases(model, steps) %}

with counted as (
    select
        step,
        n_patients,
        n_sessions,
        lag(n_patients) over (order by list_position({{ steps }}, step)) as patients_before,
        lag(n_sessions) over (order by list_position({{ steps }}, step)) as sessions_before
    from {{ model }}
    where step in ('{{ steps | join("', '") }}')
)

select
    step,
    n_patients,
    patients_before,
    n_sessions,
    sessions_before
from counted
where n_patients > patients_before or n_sessions > sessions_before

{% endtest %}
