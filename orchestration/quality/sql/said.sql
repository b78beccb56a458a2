-- Everything that gate, contract and history say, each at its place. Grain: a rule and a place.
with files as (
    select
        delivery_id,
        file_sha256,
        table_name,
        delivery_name,
        file_name
    from ingest_file
    where status = 'accepted'
),

said as (
    select
        delivery_id,
        file_sha256,
        table_name,
        rule_id,
        'quarantine_row' as action,
        line,
        null as column_name
    from quarantine_row
    union all
    select
        delivery_id,
        file_sha256,
        table_name,
        rule_id,
        'quarantine_cell',
        line,
        column_name
    from quarantine_cell
    union all
    select
        delivery_id,
        file_sha256,
        table_name,
        rule_id,
        'repair',
        line,
        column_name
    from repair_log
    union all
    select
        delivery_id,
        file_sha256,
        table_name,
        rule_id,
        'drop',
        line,
        null
    from raw_line
    where fate = 'dropped'
    union all
    -- The gate speaks of a file, whatever line it quotes.
    select
        delivery_id,
        file_sha256,
        table_name,
        rule_id,
        'warn',
        case when not starts_with(rule_id, 'gate_') then line end,
        column_name
    from file_warning
    union all
    select
        delivery_id,
        file_sha256,
        'sessions',
        'row_' || end_reason,
        'version',
        line,
        null
    from raw_sessions
    where end_reason is not null
)

select distinct
    f.delivery_name as delivery,
    f.file_name as "file",
    s.line,
    s.column_name,
    s.rule_id,
    s.action
from said as s
inner join files as f
    on
        s.delivery_id = f.delivery_id
        and s.file_sha256 = f.file_sha256
        and s.table_name = f.table_name
union
select
    delivery_name,
    file_name,
    null,
    null,
    rule_id,
    'refuse'
from ingest_file
where status = 'refused'
