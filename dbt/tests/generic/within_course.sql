{# No relief belongs to a session that the patient did not have. #}
{% test within_course(model, patients) %}
select sessions.row_key
from {{ model }} as sessions
inner join {{ patients }} as patients on sessions.patient_id = patients.patient_id
where sessions.session_no > patients.n_sessions
{% endtest %}
