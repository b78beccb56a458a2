with extra_sessions as (
    select
        sessions.patient_id,
        sessions.session_no,
        sessions.pain_relief_pct >= {{ var('responder_threshold_pct') }} as is_relieved,
        sessions.pain_relief_pct >= {{ var('responder_threshold_pct') }}
        and lead(sessions.pain_relief_pct) over (
            partition by sessions.patient_id
            order by sessions.session_no
        ) >= {{ var('responder_threshold_pct') }} as is_relieved_twice
    from {{ ref('sessions') }} as sessions
    inner join {{ ref('status') }} as status on sessions.patient_id = status.patient_id
    where
        status.responder_status = 'non_responder'
        and sessions.session_no > {{ var('test_period_sessions') }}
),

conversions as (
    select
        patient_id,
        min(session_no) filter (where is_relieved) as conversion_session_no,
        min(session_no) filter (where is_relieved_twice) as conversion_two_consecutive_session_no
    from extra_sessions
    group by patient_id
),

ended as (
    select
        patients.row_key,
        patients.patient_id,
        patients.n_sessions,
        patients.is_ongoing,
        status.responder_status,
        status.responder_status = 'responder'
        and coalesce(patients.stop_reason = 'loss_of_efficacy', false) as has_lost_efficacy
    from {{ ref('status') }} as status
    inner join {{ ref('patients') }} as patients on status.patient_id = patients.patient_id
)

select
    ended.row_key,
    ended.patient_id,
    ended.responder_status,
    ended.n_sessions - {{ var('test_period_sessions') }} as n_extra_sessions,
    ended.has_lost_efficacy
    and ended.n_sessions < {{ var('long_term_session') }} as is_ephemeral,
    case when not ended.is_ongoing then ended.n_sessions end as session_at_stop,
    ended.has_lost_efficacy
    and ended.n_sessions >= {{ var('long_term_session') }} as is_late_loss,
    conversions.conversion_session_no is not null as is_late_responder,
    conversions.conversion_session_no,
    conversions.conversion_two_consecutive_session_no is not null
        as is_late_responder_two_consecutive,
    conversions.conversion_two_consecutive_session_no,
    cast({{ var('is_synthetic') }} as boolean) as is_synthetic
from ended
left join conversions on ended.patient_id = conversions.patient_id
