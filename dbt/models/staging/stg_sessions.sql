with sessions as (
    select * from {{ source('plateau', 'raw_sessions') }}
    qualify
        {{ is_current_version(['patient_id', 'session_no_recorded']) }}
)

select
    row_key,
    delivery_date,
    patient_id,
    session_no_recorded,
    session_date,
    session_time,
    nurse,
    -- An empty protocol cell is the clinic's word for its usual one.
    coalesce(protocol, 'm1_20hz') as protocol,
    target,
    intensity_pct_mt,
    n_pulses,
    pain_relief_pct,
    relief_duration_days,
    evaluation_date,
    npsi_1,
    npsi_2,
    npsi_3,
    npsi_4,
    npsi_5,
    npsi_6,
    npsi_7,
    npsi_8,
    npsi_9,
    npsi_10,
    npsi_11,
    npsi_12,
    npsi_total,
    ssnpsi,
    side_effect,
    recorded_at,
    vas,
    pgic,
    analgesics_changed,
    had_depression
from sessions
