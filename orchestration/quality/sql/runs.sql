-- The runs that left results, newest first. Grain: run_id.
with files as (
    select
        run_id,
        count(*) as n_files,
        count(*) filter (where status <> 'accepted') as n_not_taken,
        coalesce(sum(n_rows) filter (where status = 'accepted'), 0)::bigint as n_rows,
        coalesce(sum(n_quarantined) filter (where status = 'accepted'), 0)::bigint
            as n_quarantined,
        coalesce(sum(n_dropped) filter (where status = 'accepted'), 0)::bigint as n_dropped,
        coalesce(sum(n_quarantined_cells) filter (where status = 'accepted'), 0)::bigint
            as n_quarantined_cells,
        coalesce(sum(n_repaired_cells) filter (where status = 'accepted'), 0)::bigint
            as n_repaired_cells
    from ingest_file
    group by run_id
),

results as (
    select
        run_id,
        min("at") as "at",
        count(*) filter (where status in ('failed', 'error') and severity = 'error') as n_failed,
        count(*) filter (where status in ('failed', 'error') and severity <> 'error') as n_warned,
        count(*) filter (where status = 'passed_with_rows') as n_with_rows,
        count(*) filter (where status = 'passed') as n_passed,
        sum(numerator) filter (where rule_id = $rule) as numerator,
        sum(denominator) filter (where rule_id = $rule) as denominator
    from dq_result
    group by run_id
)

select
    run_id,
    strftime(results."at", '%Y-%m-%d %H:%M:%S') as "at",
    coalesce(n_files, 0) as n_files,
    coalesce(n_not_taken, 0) as n_not_taken,
    coalesce(n_rows, 0) as n_rows,
    coalesce(n_quarantined, 0) as n_quarantined,
    coalesce(n_dropped, 0) as n_dropped,
    coalesce(n_quarantined_cells, 0) as n_quarantined_cells,
    coalesce(n_repaired_cells, 0) as n_repaired_cells,
    n_failed,
    n_warned,
    n_with_rows,
    n_passed,
    numerator,
    denominator
from results
left join files using (run_id)
order by results."at" desc, run_id;
