-- Rows of deliveries at one place, and what became of each, newest delivery first.
-- Grain: delivery x table. Either $sha (the beginning of a file's hash) and $line, or $file and
-- $line. Answers of the clinic to the row (`base_delivery_id`) are `trace_answers`.
with file as (
    select
        delivery_id,
        file_sha256,
        table_name,
        any_value(file_name) as file_name,
        any_value(delivery_name) as delivery_name,
        any_value(delivery_date) as delivery_date,
        max(received_no) as received_no
    from ingest_file
    where
        status = 'accepted'
        and ($sha is null or starts_with(file_sha256, $sha))
        and ($file is null or file_name = $file)
    group by all
)

select
    f.file_name as file,
    l.line,
    f.delivery_name as delivery,
    f.delivery_date::varchar as delivery_date,
    l.delivery_id,
    l.table_name as "table",
    substr(l.file_sha256, 1, 16) || ':' || l.line as row_key,
    l.file_sha256,
    l.fate,
    l.rule_id as rule,
    l.reason,
    l.patient_id,
    l.record_no,
    l.content_hash
from raw_line as l
inner join file as f
    on
        l.delivery_id = f.delivery_id
        and l.file_sha256 = f.file_sha256
        and l.table_name = f.table_name
where l.base_delivery_id is null and ($line is null or l.line = $line)
order by f.delivery_date desc, f.received_no desc, l.table_name, l.line
limit $most;
