-- Which version of a visit holds, and whether it may be used, is decided before raw_* is written.
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
from {{ source('plateau', 'raw_emcs') }}
where known_to is null and set_aside_rule is null
