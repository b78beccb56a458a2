-- Warnings of cells and rows that still stand and that somebody could answer.
-- Grain: rule_id x current version x column. A warning stands while the version that it was raised
-- on is current and no answer about that cell has come since.
with version as (
    select
        'patients' as table_name,
        patient_id,
        content_hash,
        row_key,
        file_sha256,
        line,
        known_from
    from raw_patients
    where known_to is null and set_aside_rule is null
    union all
    select
        'sessions' as table_name,
        patient_id,
        content_hash,
        row_key,
        file_sha256,
        line,
        known_from
    from raw_sessions
    where known_to is null and set_aside_rule is null
    union all
    select
        'emcs' as table_name,
        patient_id,
        content_hash,
        row_key,
        file_sha256,
        line,
        known_from
    from raw_emcs
    where known_to is null and set_aside_rule is null
),

warned as (
    select distinct
        w.rule_id,
        w.table_name,
        w.column_name,
        l.patient_id,
        l.record_no,
        l.content_hash
    from file_warning as w
    inner join raw_line as l
        on
            w.delivery_id = l.delivery_id
            and w.file_sha256 = l.file_sha256
            and w.line = l.line
            and w.table_name = l.table_name
            and l.base_delivery_id is null
    where w.rule_id in (select unnest($rules))
),

file as (
    select
        file_sha256,
        arg_max(file_name, received_no) as file_name
    from ingest_file
    where status = 'accepted'
    group by file_sha256
)

select
    w.rule_id,
    w.table_name,
    w.column_name,
    v.row_key,
    v.file_sha256,
    v.line,
    w.patient_id,
    w.record_no,
    f.file_name
from warned as w
inner join version as v
    on
        w.table_name = v.table_name
        and w.patient_id = v.patient_id
        and w.content_hash = v.content_hash
left join file as f on v.file_sha256 = f.file_sha256
anti join raw_correction as c
    on
        w.table_name = c.table_name
        and w.patient_id = c.patient_id
        and w.record_no = c.record_no
        and w.column_name = c.column_name
        and c.status in ('applied', 'superseded')
        and c.delivery_date >= v.known_from
order by w.rule_id, f.file_name, v.line;
