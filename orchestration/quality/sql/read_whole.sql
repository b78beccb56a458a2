-- Files that were read as if nothing were wrong: every row kept, no cell set aside, and every row
-- says what another delivery says of its record. Grain: a file and table.
with elsewhere as (
    select
        table_name,
        content_hash,
        count(distinct delivery_id) as n_deliveries
    from raw_line
    where content_hash is not null
    group by table_name, content_hash
),

troubled as (
    select distinct
        delivery_id,
        file_sha256,
        table_name
    from raw_cell
)

select
    f.delivery_name as delivery,
    f.file_name as "file"
from ingest_file as f
inner join raw_line as l
    on
        f.delivery_id = l.delivery_id
        and f.file_sha256 = l.file_sha256
        and f.table_name = l.table_name
left join elsewhere as e on l.content_hash = e.content_hash and l.table_name = e.table_name
left join troubled as t
    on
        f.delivery_id = t.delivery_id
        and f.file_sha256 = t.file_sha256
        and f.table_name = t.table_name
where f.status = 'accepted' and t.delivery_id is null
group by all
having bool_and(l.fate = 'kept' and e.n_deliveries > 1) and count(*) = max(f.n_rows)
