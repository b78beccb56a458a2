{# Within a patient, session numbers run 1, 2, 3 ... in the order of the session dates. #}
{% test numbered_without_gaps(model) %}
select patient_id
from {{ model }}
qualify session_no <> row_number() over (partition by patient_id order by session_date)
{% endtest %}
