-- What in a run's deliveries is against a rule. Grain: rule_id x table_name x consequence.
-- An answer of the clinic (`base_delivery_id`) is no row of a file and is not counted here.
with run_file as (
    select
        delivery_id,
        file_sha256,
        file_name,
        coalesce(table_name, 'ingest_file') as table_name,
        status,
        rule_id
    from ingest_file
    where run_id = $run_id
),

taken as (
    select distinct delivery_id from run_file where status = 'accepted'
),

found as (
    select
        rule_id,
        table_name,
        case fate when 'dropped' then 'dropped' else 'quarantined' end as consequence,
        delivery_id,
        file_sha256
    from raw_line
    semi join taken using (delivery_id)
    where rule_id is not null and base_delivery_id is null
    union all
    select
        rule_id,
        table_name,
        'quarantined' as consequence,
        delivery_id,
        file_sha256
    from raw_cell
    semi join taken using (delivery_id)
    where base_delivery_id is null
    union all
    select
        rule_id,
        table_name,
        'repaired' as consequence,
        delivery_id,
        file_sha256
    from repair_log
    semi join taken using (delivery_id)
    union all
    select
        rule_id,
        coalesce(table_name, 'ingest_file') as table_name,
        'warned' as consequence,
        delivery_id,
        file_sha256
    from file_warning
    where delivery_id in (select delivery_id from run_file)
    union all
    select
        rule_id,
        table_name,
        'refused' as consequence,
        delivery_id,
        coalesce(file_sha256, file_name) as file_sha256
    from run_file
    where status = 'refused'
    union all
    select
        rule_id,
        'ingest_file' as table_name,
        'overridden' as consequence,
        delivery_id,
        null as file_sha256
    from delivery_override
    semi join taken using (delivery_id)
)

select
    rule_id,
    table_name,
    consequence,
    count(*) as n_items,
    count(distinct (delivery_id, file_sha256)) as n_files,
    count(distinct delivery_id) as n_deliveries
from found
group by all
order by all;
