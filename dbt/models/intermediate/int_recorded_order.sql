-- Clinics start counting again after a pause: the second session 3 of a patient belongs to the
-- second series, and within a series dates should rise with the recorded numbers.
with series as (
    select
        row_key,
        patient_id,
        session_no_recorded,
        session_date,
        target,
        cast(row_number() over (
            partition by patient_id, session_no_recorded
            order by session_date, row_key
        ) as integer) as series_no
    from {{ ref('stg_sessions') }}
)

select
    row_key,
    patient_id,
    series_no,
    session_no_recorded,
    session_date,
    lag(session_no_recorded) over in_series as previous_no_recorded,
    lag(session_date) over in_series as previous_date,
    -- The series' neighbours stimulated the other side, both of them.
    target <> coalesce(lag(target) over in_series, lead(target) over in_series)
    and target <> coalesce(lead(target) over in_series, lag(target) over in_series)
        as is_other_target
from series
window in_series as (
    partition by patient_id, series_no
    order by session_no_recorded
)
