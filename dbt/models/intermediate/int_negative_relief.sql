-- The quarantine holds the cell by the file it came with, which a later file may have repeated;
-- the record that it belongs to leads to the row that holds today.
with below_zero as (
    select distinct
        delivered.table_name,
        delivered.patient_id,
        delivered.record_no,
        delivered.record_date
    from {{ source('plateau', 'quarantine_cell') }} as quarantined
    inner join {{ source('plateau', 'raw_line') }} as delivered
        on
            quarantined.delivery_id = delivered.delivery_id
            and quarantined.table_name = delivered.table_name
            and quarantined.file_sha256 = delivered.file_sha256
            and quarantined.line = delivered.line
    where quarantined.rule_id = 'pr_negative' and quarantined.is_open
)

select sessions.row_key
from {{ ref('stg_sessions') }} as sessions
semi join below_zero
    on
        below_zero.table_name = 'sessions'
        and sessions.patient_id = below_zero.patient_id
        and sessions.session_no_recorded = try_cast(below_zero.record_no as integer)
        and sessions.session_date = below_zero.record_date
union all
select patients.row_key
from {{ ref('stg_patients') }} as patients
semi join below_zero
    on
        below_zero.table_name = 'patients'
        and patients.patient_id = below_zero.patient_id
