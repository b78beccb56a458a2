with baseline as (
    select
        patients.patient_id,
        patients.most_painful_component as named_component,
        npsi.burning,
        npsi.deep,
        npsi.paroxysmal,
        npsi.evoked,
        npsi.paresthesia,
        -- Missing unless all five dimensions are known: the largest of some may not be the largest.
        case
            when npsi.gnpsi_equal_weight is not null
                then
                    greatest(
                        npsi.burning, npsi.deep, npsi.paroxysmal, npsi.evoked, npsi.paresthesia
                    )
        end as largest_dimension
    from {{ ref('stg_patients') }} as patients
    inner join {{ ref('int_npsi') }} as npsi on patients.row_key = npsi.row_key
)

select
    patient_id,
    -- Ties go to the first of this fixed order.
    coalesce(
        named_component,
        case largest_dimension
            when burning then 'burning'
            when deep then 'deep'
            when paroxysmal then 'paroxysmal'
            when evoked then 'evoked'
            when paresthesia then 'paresthesia'
        end
    ) as most_painful_component,
    case
        when named_component is not null then 'named_by_patient'
        when largest_dimension is not null then 'largest_dimension'
    end as component_source,
    case
        when named_component is null and largest_dimension is not null
            then len(list_filter(
                [burning, deep, paroxysmal, evoked, paresthesia],
                lambda score: score = largest_dimension
            )) > 1
    end as is_component_tie
from baseline
