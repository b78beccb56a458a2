-- Cells of one delivered row that were set aside, repaired or flagged. Grain: column x rule.
select
    'set aside' as what,
    column_name as "column",
    rule_id as rule,
    is_open
from quarantine_cell
where delivery_id = $delivery_id and file_sha256 = $sha and line = $line and table_name = $table
union all
select
    'repaired' as what,
    column_name as "column",
    rule_id as rule,
    null as is_open
from repair_log
where delivery_id = $delivery_id and file_sha256 = $sha and line = $line and table_name = $table
union all
select
    'flagged' as what,
    column_name as "column",
    rule_id as rule,
    null as is_open
from file_warning
where delivery_id = $delivery_id and file_sha256 = $sha and line = $line and table_name = $table
order by all;
