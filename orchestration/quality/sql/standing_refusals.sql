-- Deliveries that are refused as things stand: not taken since, nor delivered again under the same
-- name and then taken. Grain: delivery_id x file at fault.
with taken as (
    select
        delivery_name,
        max(received_no) as received_no
    from ingest_file
    where status = 'accepted'
    group by delivery_name
),

taken_itself as (
    select distinct delivery_id from ingest_file where status = 'accepted'
)

select distinct
    f.delivery_id,
    f.delivery_name as delivery,
    f.file_name as file,
    f.rule_id as rule,
    f.reason
from ingest_file as f
anti join taken_itself as s on f.delivery_id = s.delivery_id
left join taken as t on f.delivery_name = t.delivery_name
where f.status = 'refused' and (t.received_no is null or t.received_no < f.received_no)
order by all;
