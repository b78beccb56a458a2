-- Rows that a rule over all deliveries holds back as the warehouse stands.
-- Grain: table_name x rule_id; the row with rule_id NULL counts the records that stand.
with standing as (
    select
        'patients' as table_name,
        row_key
    from raw_patients
    where known_to is null
    union all
    select
        'sessions' as table_name,
        row_key
    from raw_sessions
    where known_to is null
    union all
    select
        'emcs' as table_name,
        row_key
    from raw_emcs
    where known_to is null
),

looked_at as (
    select * from standing
    union
    select
        table_name,
        row_key
    from quarantine_row
    where is_open
)

select
    table_name,
    null as rule_id,
    count(*) as n
from looked_at
group by all
union all
select
    table_name,
    rule_id,
    count(distinct row_key) as n
from quarantine_row
where is_open and rule_id in (select unnest($rules))
group by all
order by all;
