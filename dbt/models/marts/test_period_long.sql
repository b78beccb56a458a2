-- Session 0 is the baseline: relief is measured against it, so it has no relief of its own.
select
    npsi.row_key,
    npsi.patient_id,
    npsi.session_no,
    sessions.pain_relief_pct,
    sessions.relief_duration_days,
    npsi.gnpsi,
    npsi.ssnpsi,
    status.responder_status,
    status.lesion_level,
    status.is_synthetic
from {{ ref('status') }} as status
inner join {{ ref('npsi') }} as npsi
    on
        status.patient_id = npsi.patient_id
        and npsi.session_no <= {{ var('test_period_sessions') }}
left join {{ ref('sessions') }} as sessions on npsi.row_key = sessions.row_key
