with sessions as (
    select * from {{ ref('stg_sessions') }}
),

patients as (
    select * from {{ ref('stg_patients') }}
),

surgeries as (
    select
        patient_id,
        min(surgery_date) as surgery_date
    from {{ ref('stg_emcs_visits') }}
    group by patient_id
),

in_context as (
    select
        sessions.*,
        patients.laterality,
        least(patients.stop_date, surgeries.surgery_date) as end_date,
        sessions.npsi_1 + sessions.npsi_2 + sessions.npsi_3 + sessions.npsi_5 + sessions.npsi_6
        + sessions.npsi_8 + sessions.npsi_9 + sessions.npsi_10 + sessions.npsi_11
        + sessions.npsi_12 as npsi_sum,
        lag(sessions.session_no_recorded) over recorded as previous_no,
        lag(sessions.session_date, 2) over recorded as two_before,
        lag(sessions.session_date) over recorded as one_before,
        lead(sessions.session_date) over recorded as one_after,
        lead(sessions.session_date, 2) over recorded as two_after
    from sessions
    left join patients on sessions.patient_id = patients.patient_id
    left join surgeries on sessions.patient_id = surgeries.patient_id
    window recorded as (
        partition by sessions.patient_id
        order by sessions.session_no_recorded
    )
),

judged as (
    select
        row_key,
        session_no_recorded > previous_no + 1 as dbt_session_number_gap,
        -- Neighbours that agree with each other say which of the dates is out of order.
        (one_before <= one_after and session_date not between one_before and one_after)
        or (one_before is null and session_date > one_after and one_after <= two_after)
        or (one_after is null and session_date < one_before and two_before <= one_before)
            as dbt_session_date_out_of_order,
        session_date > end_date as dbt_session_after_end,
        relief_duration_days > evaluation_date - session_date
            as dbt_session_relief_outlasts_question,
        abs(npsi_total - npsi_sum) > 0.5 as dbt_session_npsi_total_differs,
        target = concat('m1_', laterality) as dbt_session_target_on_painful_side
    from in_context
)

-- Unpivoting leaves out what is unknown: a rule that cannot be judged flags nothing.
select
    row_key,
    rule_id
from (unpivot judged on columns(* exclude (row_key)) into name rule_id value is_flagged)
where is_flagged
