with landmarks as (
    select cast(unnest({{ var('landmark_sessions') }}) as integer) as landmark_session
),

responders as (
    select
        patients.patient_id,
        patients.n_sessions,
        patients.is_ongoing,
        patients.stop_reason
    from {{ ref('status') }} as status
    inner join {{ ref('patients') }} as patients on status.patient_id = patients.patient_id
    where status.responder_status = 'responder'
),

judged as (
    select
        landmarks.landmark_session,
        responders.patient_id,
        sessions.pain_relief_pct,
        responders.n_sessions >= landmarks.landmark_session as has_reached,
        responders.n_sessions < landmarks.landmark_session
        and responders.is_ongoing as is_ongoing_before,
        case
            when responders.n_sessions < landmarks.landmark_session and not responders.is_ongoing
                then coalesce(responders.stop_reason, 'other')
        end as reason_stopped_before
    from landmarks
    left join responders on true
    left join {{ ref('sessions') }} as sessions
        on
            responders.patient_id = sessions.patient_id
            and landmarks.landmark_session = sessions.session_no
),

counted as (
    select
        landmark_session,
        cast(count(patient_id) as integer) as n_responders,
        cast(count(*) filter (where is_ongoing_before) as integer) as n_ongoing_before,
        cast(count(reason_stopped_before) as integer) as n_stopped_before,
        cast(count(*) filter (where has_reached) as integer) as n_reached,
        cast(count(pain_relief_pct) as integer) as n_relief_known,
        avg(pain_relief_pct) as mean_relief_pct,
        cast(count(*) filter (
            where reason_stopped_before = 'loss_of_efficacy'
        ) as integer) as n_stopped_loss_of_efficacy,
        cast(count(*) filter (
            where reason_stopped_before = 'emcs_surgery'
        ) as integer) as n_stopped_emcs_surgery
    from judged
    group by landmark_session
)

select
    landmark_session,
    n_responders,
    n_ongoing_before,
    n_responders - n_ongoing_before as n_denominator,
    n_stopped_before,
    -- Nobody to divide by leaves no share.
    n_stopped_before / nullif(n_responders - n_ongoing_before, 0) as stopped_share,
    n_stopped_before / nullif(n_responders, 0) as stopped_share_of_all,
    n_reached,
    n_relief_known,
    mean_relief_pct,
    n_stopped_loss_of_efficacy,
    n_stopped_emcs_surgery,
    n_stopped_before - n_stopped_loss_of_efficacy - n_stopped_emcs_surgery as n_stopped_other
from counted
order by landmark_session
