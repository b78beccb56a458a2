with kinds (event_no, event_type, question) as (
    values
    (1, 'any_side_effect', 'side_effect'),
    (2, 'headache', 'side_effect'),
    (3, 'pain_increase', 'side_effect'),
    (4, 'other', 'side_effect'),
    (5, 'negative_relief', 'relief'),
    (6, 'npsi_worsening', 'npsi'),
    (7, 'tolerance_stop', 'stop_reason'),
    (8, 'surgery_complication', 'complication')
),

units (unit_no, unit, question) as (
    values
    (1, 'patient', 'side_effect'),
    (2, 'session', 'side_effect'),
    (1, 'patient', 'relief'),
    (2, 'session', 'relief'),
    (1, 'patient', 'npsi'),
    (2, 'session', 'npsi'),
    (1, 'patient', 'stop_reason'),
    (3, 'surgery', 'complication')
),

events as (
    select
        event_type,
        patient_id,
        session_no,
        is_serious
    from {{ ref('safety') }}
    union all
    select
        'any_side_effect' as event_type,
        patient_id,
        session_no,
        is_serious
    from {{ ref('safety') }}
    where event_type in ('headache', 'pain_increase', 'other')
),

-- A unit with two events of a type counts once, and is serious if one of them was.
affected as (
    select
        kinds.event_no,
        units.unit_no,
        events.patient_id,
        bool_or(events.is_serious) as is_serious
    from events
    inner join kinds on events.event_type = kinds.event_type
    inner join units on kinds.question = units.question
    where units.unit <> 'session' or events.session_no is not null
    group by
        kinds.event_no,
        units.unit_no,
        events.patient_id,
        case when units.unit = 'session' then events.session_no end
),

counted as (
    select
        event_no,
        unit_no,
        count(*) as n_events,
        count(*) filter (where is_serious) as n_serious,
        count(is_serious) as n_seriousness_known
    from affected
    group by event_no, unit_no
)

-- A type that nobody reported stands in the table with zero events.
select
    kinds.event_type,
    units.unit,
    cast(coalesce(counted.n_events, 0) as integer) as n_events,
    coalesce(asked.n_asked, 0) as n_asked,
    coalesce(asked.n_units, 0) as n_units,
    cast(coalesce(counted.n_serious, 0) as integer) as n_serious,
    cast(coalesce(counted.n_seriousness_known, 0) as integer) as n_seriousness_known
from kinds
inner join units on kinds.question = units.question
left join {{ ref('int_safety_asked') }} as asked
    on
        units.question = asked.question
        and units.unit = asked.unit
left join counted
    on
        kinds.event_no = counted.event_no
        and units.unit_no = counted.unit_no
order by kinds.event_no, units.unit_no
