with visits as (
    select * from {{ source('plateau', 'raw_emcs') }}
    qualify
        {{ is_current_version(['patient_id', 'visit_date']) }}
)

select
    row_key,
    delivery_date,
    patient_id,
    surgery_date,
    n_electrodes,
    visit_date,
    months_post_op,
    stimulation,
    pain_relief_pct,
    relief_duration_days,
    npsi_total,
    frequency_hz,
    amplitude_v,
    pulse_width_us,
    has_complication
from visits
