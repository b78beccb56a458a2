with spaced as (
    select
        row_key,
        patient_id,
        session_no,
        session_date,
        lag(session_date) over in_order as previous_date,
        lead(session_date) over in_order as next_date
    from {{ ref('int_sessions_numbered') }}
    where session_no is not null
    window in_order as (
        partition by patient_id
        order by session_no
    )
)

select
    row_key,
    patient_id,
    session_no,
    session_date,
    next_date,
    cast(session_date - previous_date as integer) as days_since_previous,
    cast(next_date - session_date as integer) as days_to_next,
    case
        when previous_date is not null
            then
                previous_date <= cast('{{ var("covid_end") }}' as date)
                and session_date >= cast('{{ var("covid_start") }}' as date)
    end as has_covid_gap,
    cast(1 + count(*) filter (
        where session_date - previous_date > {{ var('course_gap_days') }}
    ) over (
        partition by patient_id
        order by session_no
    ) as integer) as course_no
from spaced
