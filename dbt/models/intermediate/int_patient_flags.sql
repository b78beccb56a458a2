with treated as (
    select distinct patient_id from {{ ref('stg_sessions') }}
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
        patients.lesion_level <> 'central'
        and patients.aetiology in ('ischaemic_stroke', 'haemorrhagic_stroke', 'stroke_unspecified')
            as dbt_patient_stroke_outside_central,
        abs(npsi.recorded_difference) > 0.5 as dbt_patient_npsi_total_differs,
        coalesce(patients.nrs_initial <= {{ var('inclusion_nrs_above') }}, false)
        or coalesce(
            patients.pain_duration_years * 12 < {{ var('inclusion_pain_months') }}, false
        ) as dbt_patient_inclusion_unmet,
        courses.has_covid_gap as dbt_patient_covid_gap,
        courses.is_ongoing_stale as dbt_patient_ongoing_stale
    from {{ ref('stg_patients') }} as patients
    inner join {{ ref('int_npsi') }} as npsi on patients.row_key = npsi.row_key
    left join treated on patients.patient_id = treated.patient_id
    left join {{ ref('int_patient_course') }} as courses
        on patients.patient_id = courses.patient_id
)

-- Unpivoting leaves out what is unknown: a rule that cannot be judged flags nothing.
select
    row_key,
    rule_id
from (unpivot judged on columns(* exclude (row_key)) into name rule_id value is_flagged)
where is_flagged
