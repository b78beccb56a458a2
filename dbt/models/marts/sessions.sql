select
    relief.row_key,
    relief.patient_id,
    relief.session_no,
    records.session_no_recorded,
    relief.session_date,
    intervals.days_since_previous,
    relief.pain_relief_pct,
    relief.relief_duration_days,
    npsi.gnpsi,
    npsi.ssnpsi,
    records.side_effect,
    records.side_effect_serious,
    intervals.course_no,
    intervals.days_to_next,
    relief.relief_row_key,
    relief.evaluation_date,
    relief.is_asked_late,
    relief.is_relief_duration_capped,
    cast({{ var('is_synthetic') }} as boolean) as is_synthetic
from {{ ref('int_relief') }} as relief
inner join {{ ref('int_session_intervals') }} as intervals on relief.row_key = intervals.row_key
inner join {{ ref('stg_sessions') }} as records on relief.row_key = records.row_key
inner join {{ ref('npsi') }} as npsi
    on
        relief.row_key = npsi.row_key
        and npsi.session_no > 0
