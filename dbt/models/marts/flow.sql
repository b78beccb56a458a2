with steps (step_no, step) as (
    values
    (1, 'treated'),
    (2, 'excluded_unassessable'),
    (3, 'protocol_violation'),
    (4, 'test_period_censored'),
    (5, 'analysed'),
    (6, 'responder'),
    (7, 'non_responder'),
    (8, 'status_unknown')
),

memberships as (
    select
        'treated' as step,
        n_sessions
    from {{ ref('patients') }}
    union all
    select
        flow_state as step,
        n_sessions
    from {{ ref('patients') }}
    union all
    select
        replace(status.responder_status, 'unknown', 'status_unknown') as step,
        patients.n_sessions
    from {{ ref('status') }} as status
    inner join {{ ref('patients') }} as patients on status.patient_id = patients.patient_id
)

-- A step that nobody reached stands in the table with zero patients: the count is known.
select
    steps.step_no,
    steps.step,
    cast(count(memberships.step) as integer) as n_patients,
    cast(coalesce(sum(memberships.n_sessions), 0) as integer) as n_sessions
from steps
left join memberships on steps.step = memberships.step
group by steps.step_no, steps.step
order by steps.step_no
