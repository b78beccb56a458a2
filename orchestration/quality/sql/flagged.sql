-- Rows that dbt has flagged, at the place from which their current version came.
with flags as (
    select
        row_key,
        rule_id
    from int_session_flags
    union all
    select
        row_key,
        rule_id
    from int_patient_flags
    union all
    select
        row_key,
        rule_id
    from int_emcs_flags
)

select distinct
    p.delivery,
    p."file",
    p.line,
    null as column_name,
    g.rule_id,
    'warn' as action
from flags as g
inner join row_places as p on g.row_key = p.row_key
