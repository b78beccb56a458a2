-- What became of each answer. `superseded`: the source says so itself by now.
create or replace table raw_correction as
with outcomes as (
    select
        correction_delivery_id as delivery_id,
        correction_line as line,
        bool_or(outcome = 'applied') as is_applied,
        bool_or(outcome = 'already_so') as is_superseded
    from amended_by
    group by all
)

select
    c.delivery_id,
    p.delivery_date,
    c.line,
    c.table_name,
    c.patient_id,
    c.record_no,
    c.column_name,
    case
        when c.rule_id is not null then c.rule_id
        when o.is_applied or o.is_superseded then null
        else 'correction_no_match'
    end as rule_id,
    case
        when c.rule_id is not null then 'unreadable'
        when o.is_applied then 'applied'
        when o.is_superseded then 'superseded'
        else 'no_match'
    end as status
from correction_line as c
inner join delivery_place as p on c.delivery_id = p.delivery_id
left join outcomes as o on c.delivery_id = o.delivery_id and c.line = o.line;
