{# In the flow, the patients and sessions of `whole` are those of `parts`, each counted once. #}
{% test step_is_sum_of(model, whole, parts) %}
select
    sum(n_patients) filter (where step = '{{ whole }}') as n_patients_whole,
    sum(n_patients) filter (where step in ('{{ parts | join("', '") }}')) as n_patients_parts
from {{ model }}
having
    n_patients_whole is distinct from n_patients_parts
    or sum(n_sessions) filter (where step = '{{ whole }}')
    is distinct from sum(n_sessions) filter (where step in ('{{ parts | join("', '") }}'))
{% endtest %}
