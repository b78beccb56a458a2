with surgeries as (
    -- A re-implanted patient is indexed by the first surgery.
    select
        visits.row_key,
        visits.patient_id,
        visits.surgery_date,
        analysis_window.emcs_end
    from {{ ref('stg_emcs_visits') }} as visits
    inner join {{ ref('patients') }} as patients on visits.patient_id = patients.patient_id
    cross join {{ ref('int_analysis_window') }} as analysis_window
    where visits.surgery_date <= analysis_window.emcs_end
    qualify row_number() over (
        partition by visits.patient_id
        order by visits.surgery_date, visits.visit_date, visits.row_key
    ) = 1
),

rtms as (
    select
        surgeries.patient_id,
        cast(count(*) as integer) as n_sessions_before,
        -- any_value() would skip a missing relief and hand over an older session's.
        last(sessions.pain_relief_pct order by sessions.session_no) as rtms_last_relief_pct
    from surgeries
    inner join {{ ref('sessions') }} as sessions
        on
            surgeries.patient_id = sessions.patient_id
            and surgeries.surgery_date > sessions.session_date
    group by surgeries.patient_id
),

evaluations as (
    select
        visits.patient_id,
        visits.pain_relief_pct,
        visits.stimulation,
        (visits.visit_date - surgeries.surgery_date) / 30.4375 as months,
        row_number() over (partition by visits.patient_id order by visits.visit_date) as nth,
        count(*) over (partition by visits.patient_id) as n_evaluations
    from surgeries
    inner join {{ ref('stg_emcs_visits') }} as visits
        on
            surgeries.patient_id = visits.patient_id
            and surgeries.surgery_date < visits.visit_date
            and surgeries.emcs_end >= visits.visit_date
    where visits.pain_relief_pct is not null
)

select
    surgeries.row_key,
    surgeries.patient_id,
    surgeries.surgery_date,
    rtms.rtms_last_relief_pct,
    coalesce(rtms.n_sessions_before, 0) as n_sessions_before,
    first_evaluation.pain_relief_pct as emcs_first_relief_pct,
    first_evaluation.months as emcs_first_months,
    last_evaluation.pain_relief_pct as emcs_last_relief_pct,
    last_evaluation.months as emcs_last_months,
    cast({{ var('is_synthetic') }} as boolean) as is_synthetic
from surgeries
left join rtms on surgeries.patient_id = rtms.patient_id
left join evaluations as first_evaluation
    on
        surgeries.patient_id = first_evaluation.patient_id
        and first_evaluation.nth = 1
left join evaluations as last_evaluation
    on
        surgeries.patient_id = last_evaluation.patient_id
        and last_evaluation.nth = last_evaluation.n_evaluations
        and last_evaluation.nth > 1
        -- A switch to theta burst leaves no last value under the stimulation of the first.
        and last_evaluation.stimulation = 'conventional'
