{# Each of the nested `steps` counts no more patients and sessions than the one before it. #}
{% test never_increases(model, steps) %}
    {%- for outer_step in steps[:-1] %}
select
    outer_step.step as outer_step,
    inner_step.step as inner_step
from {{ model }} as outer_step
inner join {{ model }} as inner_step on inner_step.step = '{{ steps[loop.index] }}'
where
    outer_step.step = '{{ outer_step }}'
    and (
        inner_step.n_patients > outer_step.n_patients
        or inner_step.n_sessions > outer_step.n_sessions
    )
{% if not loop.last %}union all{% endif %}
{%- endfor %}
{% endtest %}
