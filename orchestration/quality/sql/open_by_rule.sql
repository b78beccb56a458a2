-- What still is a question to the clinic. Grain: rule_id x table_name.
select
    rule_id as id,
    table_name as "table",
    count(*) filter (where column_name is null) as rows,
    count(*) filter (where column_name is not null) as cells
from (
    select
        rule_id,
        table_name,
        null as column_name
    from quarantine_row
    where is_open
    union all
    select
        rule_id,
        table_name,
        column_name
    from quarantine_cell
    where is_open
)
group by all
order by count(*) desc, rule_id, table_name;
