{# Every patient has the baseline and each session of the test period, once. #}
{% test test_period_complete(model) %}
select patient_id
from {{ model }}
group by patient_id
having
    count(*) <> {{ var('test_period_sessions') }} + 1
    or min(session_no) <> 0
    or max(session_no) <> {{ var('test_period_sessions') }}
{% endtest %}
