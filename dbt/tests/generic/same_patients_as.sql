{# The rows of this model and those of `to` (where `condition`) are the same patients. #}
{% test same_patients_as(model, to, condition='true') %}
select coalesce(here.patient_id, there.patient_id) as patient_id
from (select distinct patient_id from {{ model }}) as here
full outer join (select distinct patient_id from {{ to }} where {{ condition }}) as there
    on here.patient_id = there.patient_id
where here.patient_id is null or there.patient_id is null
{% endtest %}
