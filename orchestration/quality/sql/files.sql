-- Files as last looked at, newest delivery first. Grain: delivery_id x file_name x table_name.
-- Variable $run_id: only files that this run looked at; NULL = all.
select
    file_name as file,
    table_name as "table",
    delivery_id,
    delivery_name as delivery,
    delivery_date::varchar as delivery_date,
    n_rows as rows,
    n_kept as kept,
    n_quarantined as quarantined,
    n_dropped as dropped,
    n_repaired_cells as repaired,
    n_quarantined_cells as quarantined_cells,
    status,
    rule_id as rule,
    reason,
    run_id
from ingest_file
where $run_id is null or run_id = $run_id
qualify row_number() over (
    partition by delivery_id, file_name, table_name
    order by loaded_at desc, status
) = 1
order by delivery_date desc, received_no desc, file_name, table_name;
