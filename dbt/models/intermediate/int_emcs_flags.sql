with first_sessions as (
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
            as dbt_emcs_without_prior_session,
        -- Asked of the surgery: its evaluation came too early or too late, whichever visit it was.
        visits.row_key = surgeries.row_key
        and evaluations.first_months not between {{ var('emcs_first_window_months')[0] }}
        and {{ var('emcs_first_window_months')[1] }} as dbt_emcs_first_outside_window
    from {{ ref('stg_emcs_visits') }} as visits
    left join first_sessions on visits.patient_id = first_sessions.patient_id
    left join {{ ref('int_surgeries') }} as surgeries on visits.patient_id = surgeries.patient_id
    left join {{ ref('int_emcs_evaluations') }} as evaluations
        on visits.patient_id = evaluations.patient_id
)

-- Unpivoting leaves out what is unknown: a rule that cannot be judged flags nothing.
select
    row_key,
    rule_id
from (unpivot judged on columns(* exclude (row_key)) into name rule_id value is_flagged)
where is_flagged
