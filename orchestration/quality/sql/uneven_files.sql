-- Accepted files, and whether each row of them is accounted for exactly once.
-- Grain: delivery_id x file_sha256 x table_name. Lines of a file that no accepted file explains are
-- a grain of their own with an empty count.
with lines as (
    select
        delivery_id,
        file_sha256,
        table_name,
        count(*) as n_lines,
        count(distinct line) as n_distinct,
        count(*) filter (where fate = 'kept') as n_kept,
        count(*) filter (where fate = 'quarantined') as n_quarantined,
        count(*) filter (where fate = 'dropped') as n_dropped
    from raw_line
    where base_delivery_id is null
    group by all
),

files as (
    select * from ingest_file where status = 'accepted'
)

select
    coalesce(f.table_name, l.table_name) as table_name,
    coalesce(f.file_name, 'a file of delivery ' || l.delivery_id) as file_name,
    f.run_id,
    f.n_rows is not null
    and f.n_rows = f.n_kept + f.n_quarantined + f.n_dropped
    and f.n_rows = coalesce(l.n_lines, 0)
    and f.n_rows = coalesce(l.n_distinct, 0)
    and f.n_kept = coalesce(l.n_kept, 0)
    and f.n_quarantined = coalesce(l.n_quarantined, 0)
    and f.n_dropped = coalesce(l.n_dropped, 0) as is_even
from files as f
full join lines as l
    on
        f.delivery_id = l.delivery_id
        and f.file_sha256 = l.file_sha256
        and f.table_name = l.table_name
order by all;
