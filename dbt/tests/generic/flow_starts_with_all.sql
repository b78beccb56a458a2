{# The flow starts with every patient of `patients` and every session of `sessions`. #}
{% test flow_starts_with_all(model, patients, sessions) %}
select step
from {{ model }}
where
    step = 'treated'
    and (
        n_patients <> (select count(*) from {{ patients }})
        or n_sessions <> (select count(*) from {{ sessions }})
    )
{% endtest %}
