-- Results of one run. Grain: rule_id x table_name x owner; a rule that Great Expectations asks of
-- several columns is one line, with its worst status.
with ranked as (
    select
        *,
        list_position(
            ['passed', 'not_applicable', 'passed_with_rows', 'failed', 'error'], status
        ) as rank
    from dq_result
    where run_id = $run_id and ($rule is null or rule_id = $rule)
)

select
    rule_id as id,
    table_name as "table",
    owner,
    max(severity) filter (where rank = worst) as severity,
    ['passed', 'not_applicable', 'passed_with_rows', 'failed', 'error'][worst] as status,
    sum(numerator)::bigint as numerator,
    sum(denominator)::bigint as denominator,
    string_agg(distinct detail, '; ' order by detail) filter (
        where rank = worst and detail <> ''
    ) as detail
from (
    select
        *,
        max(rank) over (partition by rule_id, table_name, owner) as worst
    from ranked
)
group by rule_id, table_name, owner, worst
order by worst desc, owner, rule_id, table_name;
