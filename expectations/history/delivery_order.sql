-- Temp tables: the place of every accepted delivery in the history of the clinic.
-- Deliveries follow each other by date, then by the manifest's time of extraction, then by first
-- arrival. Variable `as_of`: later deliveries are not known yet; NULL = all are.
create or replace temp table delivery_place as
select
    delivery_id,
    any_value(delivery_date) as delivery_date,
    any_value(run_id) as run_id,
    row_number() over (
        order by
            any_value(delivery_date),
            any_value(extracted_at) nulls first,
            any_value(received_no),
            delivery_id
    ) as n
from ingest_file
where status = 'accepted' and delivery_date <= coalesce(getvariable('as_of'), date '9999-12-31')
group by delivery_id;

-- One row a table of a delivery. A full dump says of every record absent from it that it is gone.
create or replace temp table delivered_table as
select
    f.table_name,
    p.n,
    bool_or(f.delivery_mode = 'complet') as is_full,
    any_value(f.delivery_mode) as delivery_mode
from ingest_file as f
inner join delivery_place as p on f.delivery_id = p.delivery_id
where f.status = 'accepted'
group by f.table_name, p.n;

-- Kept rows that stand for nothing, because another of the same delivery contradicts them.
create or replace temp table contradicted (
    table_name varchar,
    delivery_id varchar,
    file_sha256 varchar,
    line bigint,
    patient_id varchar,
    record_no varchar
);
