-- What stands in quarantine, row by row and cell by cell, and what of it is still a question.
-- Open: it came with the newest full dump of its table or a later increment, and neither a later
-- readable row of the record nor an answer of the clinic has settled it.
create or replace temp table open_delivery as
select
    d.table_name,
    p.delivery_id,
    d.n
from delivered_table as d
inner join delivery_place as p on d.n = p.n
where d.n >= coalesce((
    select max(f.n) from delivered_table as f
    where f.is_full and f.table_name = d.table_name
), 0);

create or replace temp table answered as
select
    base_delivery_id,
    file_sha256,
    line,
    arg_max(l.delivery_id, p.n) as delivery_id
from raw_line as l
inner join delivery_place as p on l.delivery_id = p.delivery_id
where base_delivery_id is not null
group by base_delivery_id, file_sha256, line;

-- Rows in quarantine, and kept rows of which a cell is.
create or replace temp table troubled as
select l.*
from raw_line as l
inner join delivery_place as p on l.delivery_id = p.delivery_id
where l.fate = 'quarantined'
union all
select l.*
from raw_line as l
inner join delivery_place as p on l.delivery_id = p.delivery_id
semi join raw_cell as c
    on
        l.delivery_id = c.delivery_id
        and l.table_name = c.table_name
        and l.file_sha256 = c.file_sha256
        and l.line = c.line
        and l.base_delivery_id is not distinct from c.base_delivery_id
where l.fate = 'kept';

create or replace temp table standing as
with last_readable as (
    select
        l.table_name,
        l.patient_id,
        l.record_no,
        max(p.n) as n
    from raw_line as l
    inner join delivery_place as p on l.delivery_id = p.delivery_id
    semi join troubled as t
        on
            l.table_name = t.table_name
            and l.patient_id = t.patient_id
            and l.record_no = t.record_no
    where l.content_hash is not null and l.base_delivery_id is null
    group by all
)

select
    t.*,
    r.run_id,
    o.n is not null
    and coalesce(g.n <= o.n, true)
    -- Of an answered row, only what the latest answer left is still a question.
    and case
        when t.base_delivery_id is null then a.line is null
        else t.delivery_id = a.delivery_id
    end as is_open
from troubled as t
left join delivery_place as r on t.delivery_id = r.delivery_id
left join open_delivery as o
    on coalesce(t.base_delivery_id, t.delivery_id) = o.delivery_id and t.table_name = o.table_name
left join last_readable as g
    on t.table_name = g.table_name and t.patient_id = g.patient_id and t.record_no = g.record_no
left join answered as a
    on
        coalesce(t.base_delivery_id, t.delivery_id) = a.base_delivery_id
        and t.file_sha256 = a.file_sha256
        and t.line = a.line;

create or replace table quarantine_cell as
select
    c.delivery_id,
    substr(c.file_sha256, 1, 16) || ':' || c.line as row_key,
    c.file_sha256,
    c.line,
    c.table_name,
    c.column_name,
    c.rule_id,
    c.reason,
    s.run_id,
    s.is_open
from raw_cell as c
inner join standing as s
    on
        c.delivery_id = s.delivery_id
        and c.table_name = s.table_name
        and c.file_sha256 = s.file_sha256
        and c.line = s.line
        and c.base_delivery_id is not distinct from s.base_delivery_id;

create or replace table quarantine_row as
select
    delivery_id,
    substr(file_sha256, 1, 16) || ':' || line as row_key,
    file_sha256,
    line,
    table_name,
    patient_id,
    record_no,
    rule_id,
    reason,
    run_id,
    is_open
from standing
where fate = 'quarantined'
union all by name
select
    c.delivery_id,
    substr(c.file_sha256, 1, 16) || ':' || c.line as row_key,
    c.file_sha256,
    c.line,
    c.table_name,
    c.patient_id,
    c.record_no,
    'delivery_conflict' as rule_id,
    'two files of one delivery say different things of it' as reason,
    f.run_id,
    o.n is not null as is_open
from contradicted as c
left join open_delivery as o on c.delivery_id = o.delivery_id and c.table_name = o.table_name
left join delivery_place as f on c.delivery_id = f.delivery_id
union all by name
select
    v.delivery_id,
    v.row_key,
    v.file_sha256,
    v.line,
    v.table_name,
    v.patient_id,
    split_part(substr(v.record_key, length(v.patient_id) + 2), '#', 1) as record_no,
    v.set_aside_rule as rule_id,
    case v.set_aside_rule
        when 'orphan_session' then 'the patient is not in the master'
        when 'orphan_visit' then 'the patient is not in the master'
        when 'session_before_patient' then 'before the first consultation or the birth'
        when 'patient_conflict' then 'twice in the master with another birth date or sex'
    end as reason,
    f.run_id,
    true as is_open
from set_aside_version as v
left join delivery_place as f on v.delivery_id = f.delivery_id;
