with patients as (
    select * from {{ ref('stg_patients') }}
),

treated as (
    select distinct patient_id from {{ ref('stg_sessions') }}
),

npsi as (
    select
        row_key,
        gnpsi
    from {{ ref('int_npsi') }}
),

judged as (
    select
        patients.row_key,
        treated.patient_id is null as dbt_patient_without_session,
        case patients.lesion_level
            when 'central'
                then patients.lesion_site in (
                    'phantom_limb', 'cranial', 'radicular', 'plexus', 'nerve_trunk',
                    'sensory_fibres'
                )
            when 'peripheral'
                then patients.lesion_site in (
                    'spinal_cord', 'brainstem', 'thalamus', 'lenticular', 'cortex'
                )
        end as dbt_patient_site_contradicts_level,
        abs(patients.npsi_baseline_total - npsi.gnpsi) > 0.5 as dbt_patient_npsi_total_differs
    from patients
    inner join npsi on patients.row_key = npsi.row_key
    left join treated on patients.patient_id = treated.patient_id
)

-- Unpivoting leaves out what is unknown: a rule that cannot be judged flags nothing.
select
    row_key,
    rule_id
from (unpivot judged on columns(* exclude (row_key)) into name rule_id value is_flagged)
where is_flagged
