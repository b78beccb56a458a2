with sessions as (
    select
        row_key,
        patient_id,
        session_date,
        target,
        pain_relief_pct,
        relief_duration_days,
        side_effect,
        has_side_effect_detail
    from {{ ref('stg_sessions') }}
),

ends as (
    select
        patients.patient_id,
        patients.laterality,
        least(patients.stop_date, surgeries.surgery_date) as end_date
    from {{ ref('stg_patients') }} as patients
    left join {{ ref('int_surgeries') }} as surgeries on patients.patient_id = surgeries.patient_id
),

-- The row that reports a relief is the one to ask about.
reports as (
    select
        relief_row_key,
        is_asked_late,
        is_relief_duration_capped,
        evaluation_date < session_date as is_asked_before
    from {{ ref('int_relief') }}
    where evaluation_date is not null
),

in_context as (
    select
        sessions.*,
        ends.laterality,
        ends.end_date,
        recorded.is_other_target,
        recorded.session_no_recorded > recorded.previous_no_recorded + 1 as is_after_gap,
        recorded.series_no > 1 and recorded.previous_no_recorded is null as is_restart,
        out_of_order.row_key is not null as is_out_of_order,
        out_of_order.is_day_month_swap,
        numbered.not_numbered_reason,
        npsi.recorded_difference,
        reports.is_asked_late,
        reports.is_asked_before,
        reports.is_relief_duration_capped
    from sessions
    inner join {{ ref('int_recorded_order') }} as recorded on sessions.row_key = recorded.row_key
    inner join {{ ref('int_sessions_numbered') }} as numbered
        on sessions.row_key = numbered.row_key
    inner join {{ ref('int_npsi') }} as npsi on sessions.row_key = npsi.row_key
    left join {{ ref('int_date_order') }} as out_of_order
        on sessions.row_key = out_of_order.row_key
    left join ends on sessions.patient_id = ends.patient_id
    left join reports on sessions.row_key = reports.relief_row_key
),

suspected as (
    select
        *,
        is_other_target
        and (coalesce(is_after_gap, false) or is_restart or is_out_of_order) as is_of_another
    from in_context
),

judged as (
    select
        row_key,
        is_after_gap as dbt_session_number_gap,
        is_of_another as dbt_session_of_another_patient,
        -- One cause a row: what explains the date is asked about, not the date as such.
        is_day_month_swap and not coalesce(is_of_another, false)
            as dbt_session_day_month_swapped,
        is_out_of_order and not is_day_month_swap and not coalesce(is_of_another, false)
            as dbt_session_date_out_of_order,
        session_date > end_date as dbt_session_after_end,
        is_asked_before as dbt_session_asked_before,
        is_asked_late as dbt_session_asked_late,
        is_relief_duration_capped as dbt_session_relief_outlasts_question,
        relief_duration_days > 0 and pain_relief_pct = 0 as dbt_session_duration_without_relief,
        abs(recorded_difference) > 0.5 as dbt_session_npsi_total_differs,
        side_effect = 'none' and has_side_effect_detail as dbt_session_side_effect_contradicted,
        target = concat('m1_', laterality) as dbt_session_target_on_painful_side,
        side_effect <> 'none' and not_numbered_reason is not null
            as dbt_session_side_effect_not_numbered
    from suspected
)

-- Unpivoting leaves out what is unknown: a rule that cannot be judged flags nothing.
select
    row_key,
    rule_id
from (unpivot judged on columns(* exclude (row_key)) into name rule_id value is_flagged)
where is_flagged
