with responders as (
    select
        status.patient_id,
        patients.n_sessions
    from {{ ref('status') }} as status
    inner join {{ ref('patients') }} as patients on status.patient_id = patients.patient_id
    where status.responder_status = 'responder'
),

populations as (
    select
        patient_id,
        'responders' as population
    from responders
    union all
    select
        patient_id,
        'responders_ge15' as population
    from responders
    where n_sessions >= {{ var('long_term_session') }}
)

select
    populations.population,
    sessions.session_no,
    cast(count(*) as integer) as n_treated,
    cast(count(sessions.pain_relief_pct) as integer) as n_observed,
    avg(sessions.pain_relief_pct) as mean_relief_pct,
    stddev_samp(sessions.pain_relief_pct) as sd_relief_pct
from populations
inner join {{ ref('sessions') }} as sessions on populations.patient_id = sessions.patient_id
group by populations.population, sessions.session_no
order by populations.population, sessions.session_no
