with members as (
    select
        patients.row_key,
        patients.patient_id,
        status.relief_band,
        patients.n_sessions,
        patients.is_ongoing,
        patients.stop_reason,
        patients.n_sessions >= {{ var('landmark_sessions')[0] }} as has_reached_15
    from {{ ref('status') }} as status
    inner join {{ ref('patients') }} as patients on status.patient_id = patients.patient_id
    where status.relief_band in ('10_29', '30_49')
),

reliefs as (
    select
        patient_id,
        max(pain_relief_pct) filter (
            where session_no = {{ var('landmark_sessions')[0] }}
        ) as relief_at_15_pct,
        max(pain_relief_pct) filter (
            where session_no = {{ var('landmark_sessions')[1] }}
        ) as relief_at_30_pct
    from {{ ref('sessions') }}
    where
        session_no in ({{ var('landmark_sessions')[0] }}, {{ var('landmark_sessions')[1] }})
    group by patient_id
)

select
    members.row_key,
    members.patient_id,
    members.relief_band,
    members.n_sessions,
    coalesce(members.stop_reason = 'loss_of_efficacy', false) as is_stopped_for_inefficacy,
    members.has_reached_15,
    reliefs.relief_at_15_pct,
    reliefs.relief_at_30_pct,
    case
        -- Who stopped before did not have it then; who is still on the way may yet.
        when not members.has_reached_15 and not members.is_ongoing then false
        else reliefs.relief_at_15_pct >= {{ var('moderate_threshold_pct') }}
    end as is_ge30_at_15,
    cast({{ var('is_synthetic') }} as boolean) as is_synthetic
from members
left join reliefs on members.patient_id = reliefs.patient_id
