-- Places of one rule's open items, newest delivery first. Grain: an open row or cell.
with places as (
    select
        delivery_id,
        file_sha256,
        line,
        table_name,
        null as column_name,
        row_key
    from quarantine_row
    where is_open and rule_id = $rule
    union all
    select
        delivery_id,
        file_sha256,
        line,
        table_name,
        column_name,
        row_key
    from quarantine_cell
    where is_open and rule_id = $rule
),

files as (
    select
        file_sha256,
        arg_max(file_name, received_no) as file_name
    from ingest_file
    group by file_sha256
)

select
    f.file_name as file,
    p.line,
    p.column_name as "column",
    p.row_key
from places as p
left join files as f on p.file_sha256 = f.file_sha256
order by f.file_name desc, p.line, p.column_name;
