select
    later.row_key,
    later.patient_id,
    later.session_no,
    later.days_since_previous as interval_days,
    case
        when later.session_no <= {{ var('test_period_sessions') }} then 'test_period'
        else 'maintenance'
    end as phase,
    later.days_since_previous > {{ var('long_gap_days') }} as is_long_gap,
    later.has_covid_gap,
    earlier.relief_duration_days,
    -- least() would skip a missing duration and call the whole interval covered.
    case
        when earlier.relief_duration_days is not null
            then
                least(earlier.relief_duration_days, later.days_since_previous)
                / later.days_since_previous
    end as relief_coverage,
    later.session_no = {{ var('long_term_session') }} as is_headline,
    cast({{ var('is_synthetic') }} as boolean) as is_synthetic
from {{ ref('int_session_intervals') }} as later
inner join {{ ref('int_relief') }} as earlier
    on
        later.patient_id = earlier.patient_id
        and later.session_no = earlier.session_no + 1
