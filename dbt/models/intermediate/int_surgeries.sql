-- A re-implanted patient is indexed by the first surgery.
select
    visits.row_key,
    visits.patient_id,
    visits.surgery_date,
    visits.surgery_date <= analysis_window.emcs_end as is_followed
from {{ ref('stg_emcs_visits') }} as visits
cross join {{ ref('int_analysis_window') }} as analysis_window
where visits.surgery_date is not null
qualify row_number() over (
    partition by visits.patient_id
    order by visits.surgery_date, visits.visit_date, visits.row_key
) = 1
