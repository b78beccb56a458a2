with analysed as (
    select * from {{ ref('patients') }}
    where flow_state = 'analysed'
)

select
    analysed.patient_id,
    analysed.age_years,
    analysed.sex,
    analysed.laterality,
    analysed.topography,
    analysed.lesion_level,
    analysed.lesion_site,
    analysed.aetiology,
    analysed.pain_duration_years,
    analysed.nrs_initial,
    npsi.gnpsi as gnpsi_baseline,
    npsi.burning as burning_baseline,
    npsi.deep as deep_baseline,
    npsi.paroxysmal as paroxysmal_baseline,
    npsi.evoked as evoked_baseline,
    npsi.paresthesia as paresthesia_baseline,
    npsi.most_painful_component,
    analysed.is_synthetic
from analysed
inner join {{ ref('npsi') }} as npsi
    on
        analysed.patient_id = npsi.patient_id
        and npsi.session_no = 0
