with numbered as (
    select * from {{ ref('int_sessions_numbered') }}
    where session_no is not null
),

npsi as (
    select
        row_key,
        gnpsi
    from {{ ref('int_npsi') }}
    where session_no > 0
)

select
    numbered.row_key,
    numbered.patient_id,
    numbered.session_no,
    numbered.session_no_recorded,
    numbered.session_date,
    cast(numbered.session_date - lag(numbered.session_date) over (
        partition by numbered.patient_id
        order by numbered.session_no
    ) as integer) as days_since_previous,
    numbered.pain_relief_pct,
    numbered.relief_duration_days,
    npsi.gnpsi,
    numbered.ssnpsi,
    numbered.side_effect,
    cast({{ var('is_synthetic') }} as boolean) as is_synthetic
from numbered
inner join npsi on numbered.row_key = npsi.row_key
