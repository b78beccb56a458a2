-- Answers that this run's deliveries brought, by what is against them. Grain: rule_id, NULL = none.
select
    rule_id,
    count(*) as n
from raw_correction
where
    delivery_id in (
        select delivery_id from ingest_file where run_id = $run_id and status = 'accepted'
    )
group by rule_id
order by rule_id;
