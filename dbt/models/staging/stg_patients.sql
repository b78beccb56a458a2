-- Which version of a record holds, and whether it may be used, is decided before raw_* is written.
with patients as (
    select * from {{ source('plateau', 'raw_patients') }}
    where known_to is null and set_aside_rule is null
),

ages as (
    select * from {{ source('plateau', 'raw_patient_age') }}
)

select
    patients.row_key,
    patients.delivery_date,
    patients.patient_id,
    ages.age_years,
    patients.sex,
    patients.first_consultation_date,
    patients.pain_duration_years,
    patients.nrs_initial,
    patients.laterality,
    patients.topography,
    patients.lesion_level,
    patients.lesion_site,
    patients.aetiology,
    patients.npsi_baseline_1,
    patients.npsi_baseline_2,
    patients.npsi_baseline_3,
    patients.npsi_baseline_4,
    patients.npsi_baseline_5,
    patients.npsi_baseline_6,
    patients.npsi_baseline_7,
    patients.npsi_baseline_8,
    patients.npsi_baseline_9,
    patients.npsi_baseline_10,
    patients.npsi_baseline_11,
    patients.npsi_baseline_12,
    patients.npsi_baseline_total,
    patients.most_painful_component,
    patients.test_period_relief_pct,
    patients.exclusion_reason,
    patients.stop_reason,
    patients.stop_date
from patients
left join ages on patients.patient_id = ages.patient_id
