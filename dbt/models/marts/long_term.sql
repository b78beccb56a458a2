with analysed as (
    select
        patients.patient_id,
        patients.n_sessions,
        patients.is_ongoing,
        status.responder_status
    from {{ ref('status') }} as status
    inner join {{ ref('patients') }} as patients on status.patient_id = patients.patient_id
),

populations as (
    select
        *,
        'analysed' as population
    from analysed
    union all
    select
        *,
        'responders' as population
    from analysed
    where responder_status = 'responder'
    union all
    select
        *,
        'responders_ge15' as population
    from analysed
    where responder_status = 'responder' and n_sessions >= {{ var('long_term_session') }}
)

select
    populations.population,
    sessions.session_no,
    cast(count(*) as integer) as n_treated,
    cast(count(sessions.pain_relief_pct) as integer) as n_observed,
    avg(sessions.pain_relief_pct) as mean_relief_pct,
    stddev_samp(sessions.pain_relief_pct) as sd_relief_pct,
    cast(count(*) filter (
        where populations.n_sessions = sessions.session_no and not populations.is_ongoing
    ) as integer) as n_stopped,
    cast(count(*) filter (
        where populations.n_sessions = sessions.session_no and populations.is_ongoing
    ) as integer) as n_censored
from populations
inner join {{ ref('sessions') }} as sessions on populations.patient_id = sessions.patient_id
group by populations.population, sessions.session_no
order by populations.population, sessions.session_no
