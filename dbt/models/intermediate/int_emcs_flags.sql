with visits as (
    select * from {{ ref('stg_emcs_visits') }}
),

first_sessions as (
    select
        patient_id,
        min(session_date) as first_session_date
    from {{ ref('stg_sessions') }}
    group by patient_id
),

judged as (
    select
        visits.row_key,
        visits.visit_date < visits.surgery_date as dbt_emcs_visit_before_surgery,
        first_sessions.first_session_date is null
        or first_sessions.first_session_date >= visits.surgery_date
            as dbt_emcs_without_prior_session
    from visits
    left join first_sessions on visits.patient_id = first_sessions.patient_id
)

-- Unpivoting leaves out what is unknown: a rule that cannot be judged flags nothing.
select
    row_key,
    rule_id
from (unpivot judged on columns(* exclude (row_key)) into name rule_id value is_flagged)
where is_flagged
