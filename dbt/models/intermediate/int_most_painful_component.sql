with patients as (
    select
        patient_id,
        most_painful_component
    from {{ ref('stg_patients') }}
),

baseline as (
    select * from {{ ref('int_npsi') }}
    where session_no = 0
),

largest as (
    select
        *,
        -- Missing unless all five dimensions are known: the largest of some may not be the largest.
        case
            when burning + deep + paroxysmal + evoked + paresthesia is not null
                then greatest(burning, deep, paroxysmal, evoked, paresthesia)
        end as largest_dimension
    from baseline
),

chosen as (
    select
        largest.*,
        case
            when patients.most_painful_component is not null then 'named_by_patient'
            when largest.largest_dimension is not null then 'largest_dimension'
        end as component_source,
        -- Ties go to the first of this fixed order.
        coalesce(
            patients.most_painful_component,
            case largest.largest_dimension
                when largest.burning then 'burning'
                when largest.deep then 'deep'
                when largest.paroxysmal then 'paroxysmal'
                when largest.evoked then 'evoked'
                when largest.paresthesia then 'paresthesia'
            end
        ) as most_painful_component
    from patients
    inner join largest on patients.patient_id = largest.patient_id
)

select
    patient_id,
    most_painful_component,
    component_source,
    case most_painful_component
        when 'burning' then burning
        when 'deep' then deep
        when 'paroxysmal' then paroxysmal
        when 'evoked' then evoked
        when 'paresthesia' then paresthesia
    end as ssnpsi_baseline
from chosen
