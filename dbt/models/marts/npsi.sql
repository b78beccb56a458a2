with numbered as (
    -- Session 0 is the baseline, asked before the first session.
    select
        row_key,
        patient_id,
        0 as session_no
    from {{ ref('patients') }}
    union all
    select
        row_key,
        patient_id,
        session_no
    from {{ ref('int_sessions_numbered') }}
    where session_no is not null
)

select
    numbered.row_key,
    numbered.patient_id,
    numbered.session_no,
    scores.burning,
    scores.deep,
    scores.paroxysmal,
    scores.evoked,
    scores.paresthesia,
    scores.n_items,
    scores.gnpsi,
    scores.gnpsi_prorated,
    scores.gnpsi_equal_weight,
    scores.gnpsi_recorded,
    scores.recorded_difference,
    components.most_painful_component,
    components.component_source,
    components.is_component_tie,
    -- The dimension was chosen at baseline and is never chosen again.
    case components.most_painful_component
        when 'burning' then scores.burning
        when 'deep' then scores.deep
        when 'paroxysmal' then scores.paroxysmal
        when 'evoked' then scores.evoked
        when 'paresthesia' then scores.paresthesia
    end as ssnpsi,
    scores.ssnpsi_recorded,
    cast({{ var('is_synthetic') }} as boolean) as is_synthetic
from numbered
inner join {{ ref('int_npsi') }} as scores on numbered.row_key = scores.row_key
inner join {{ ref('int_most_painful_component') }} as components
    on numbered.patient_id = components.patient_id
