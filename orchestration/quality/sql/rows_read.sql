-- What a run looked at, by table: the denominators of its rules. Grain: table_name.
-- A held file was not at fault; it was looked at as far as the gate got.
select
    coalesce(table_name, 'ingest_file') as table_name,
    count(*) as n_files,
    count(*) filter (where status = 'accepted') as n_accepted,
    coalesce(sum(n_rows) filter (where status = 'accepted'), 0)::bigint as n_rows,
    coalesce(sum(n_kept + n_quarantined) filter (where status = 'accepted'), 0)::bigint
        as n_data_rows
from ingest_file
where run_id = $run_id
group by 1
order by 1;
