-- Records of the full dump before delivery $1 that its own full dump lacks, by table.
with here as (
    select
        t.table_name,
        t.n,
        max(f.n) as before_n
    from delivered_table as t
    inner join delivery_place as p on t.n = p.n
    inner join delivered_table as f on t.table_name = f.table_name and f.n < t.n and f.is_full
    where p.delivery_id = $1 and t.is_full
    group by t.table_name, t.n
),

records as (
    select distinct
        l.table_name,
        p.n,
        l.patient_id,
        l.record_no
    from raw_line as l
    inner join delivery_place as p on l.delivery_id = p.delivery_id
    where
        l.base_delivery_id is null
        and l.patient_id is not null
        and l.record_no is not null
        and p.n in (select unnest([n, before_n]) from here)
)

select
    h.table_name,
    count(*) as n_before,
    count(*) filter (where r.patient_id is null) as n_gone
from here as h
inner join records as b on h.table_name = b.table_name and h.before_n = b.n
left join records as r
    on
        h.table_name = r.table_name
        and h.n = r.n
        and b.patient_id = r.patient_id
        and b.record_no = r.record_no
group by h.table_name
order by h.table_name;
