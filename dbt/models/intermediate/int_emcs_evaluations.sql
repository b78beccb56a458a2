with after_surgery as (
    select
        visits.patient_id,
        visits.pain_relief_pct,
        visits.stimulation,
        (visits.visit_date - surgeries.surgery_date) / 30.4375 as months,
        cast(row_number() over in_order as integer) as nth,
        cast(count(*) over (partition by visits.patient_id) as integer) as n_evaluations
    from {{ ref('int_surgeries') }} as surgeries
    cross join {{ ref('int_analysis_window') }} as analysis_window
    inner join {{ ref('stg_emcs_visits') }} as visits
        on
            surgeries.patient_id = visits.patient_id
            and surgeries.surgery_date < visits.visit_date
            and analysis_window.emcs_end >= visits.visit_date
    where surgeries.is_followed and visits.pain_relief_pct is not null
    window in_order as (
        partition by visits.patient_id
        order by visits.visit_date, visits.row_key
    )
)

select
    patient_id,
    max(n_evaluations) as n_evaluations,
    max(pain_relief_pct) filter (where nth = 1) as first_relief_pct,
    max(months) filter (where nth = 1) as first_months,
    bool_or(stimulation = 'conventional') filter (where nth = 1) as is_first_conventional,
    -- A single visit is no last one, and a switch to theta burst leaves no last value under the
    -- stimulation of the first.
    max(pain_relief_pct) filter (
        where nth = n_evaluations and nth > 1 and stimulation = 'conventional'
    ) as last_relief_pct,
    max(months) filter (
        where nth = n_evaluations and nth > 1 and stimulation = 'conventional'
    ) as last_months
from after_surgery
group by patient_id
