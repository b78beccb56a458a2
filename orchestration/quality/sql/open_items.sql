-- What the clinic is to be asked, place by place. Grain: an open row or cell.
-- A record that stands open in several deliveries is asked about once, as last delivered.
with line as (
    select distinct
        delivery_id,
        file_sha256,
        line,
        table_name,
        patient_id,
        record_no
    from raw_line
    where fate <> 'dropped'
),

item as (
    select
        q.rule_id,
        q.table_name,
        null as column_name,
        q.reason,
        q.delivery_id,
        q.file_sha256,
        q.line,
        q.row_key,
        q.patient_id,
        q.record_no
    from quarantine_row as q
    where q.is_open
    union all
    select
        q.rule_id,
        q.table_name,
        q.column_name,
        q.reason,
        q.delivery_id,
        q.file_sha256,
        q.line,
        q.row_key,
        l.patient_id,
        l.record_no
    from quarantine_cell as q
    left join line as l
        on
            q.delivery_id = l.delivery_id
            and q.file_sha256 = l.file_sha256
            and q.line = l.line
            and q.table_name = l.table_name
    where q.is_open
),

file as (
    select
        file_sha256,
        arg_max(file_name, received_no) as file_name,
        max(received_no) as received_no,
        max(delivery_date) as delivery_date
    from ingest_file
    where status = 'accepted'
    group by file_sha256
)

select
    item.*,
    file.file_name
from item
left join file using (file_sha256)
qualify row_number() over (
    partition by
        item.table_name,
        case when item.column_name is null then item.row_key end,
        coalesce(item.patient_id || ':' || item.record_no, item.row_key),
        item.column_name,
        item.rule_id
    order by file.delivery_date desc, file.received_no desc, item.row_key
) = 1
order by item.rule_id, file.file_name, item.line, item.column_name;
