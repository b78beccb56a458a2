-- Temp table `versions`: one row a version of a record of one table (variable `of_table`).
-- A record is a natural key; but the same session number more than 180 days apart is another
-- record, because clinics start counting again after a pause.
create or replace temp table place as
select
    p.*,
    min(f.n) as next_full_n
from delivery_place as p
left join delivered_table as f
    on p.n < f.n and f.is_full and f.table_name = getvariable('of_table')
group by all;

create or replace temp table sighted as
select
    l.patient_id,
    l.record_no,
    l.record_date,
    l.file_sha256,
    l.line,
    l.content_hash,
    l.rule_id,
    p.n as own_n,
    b.n as base_n,
    coalesce(greatest(p.n, b.n), p.n) as n
from raw_line as l
inner join place as p on l.delivery_id = p.delivery_id
left join place as b on l.base_delivery_id = b.delivery_id
where
    l.table_name = getvariable('of_table')
    and l.fate <> 'dropped'
    and l.patient_id is not null
    and l.record_no is not null
    and (l.base_delivery_id is null or b.n is not null);

-- An answer from the clinic amends one delivered row, from the answer's own delivery on. It is
-- spent once a later delivery has brought the record again, or a full dump no longer holds it.
delete from sighted using place
where
    sighted.base_n = place.n
    and sighted.own_n > sighted.base_n
    and (
        place.next_full_n <= sighted.own_n
        or exists (
            select 1 from sighted as again
            where
                again.base_n is null
                and again.patient_id = sighted.patient_id
                and again.record_no = sighted.record_no
                and again.n > sighted.base_n
                and again.n <= sighted.own_n
        )
    );

-- A record that was sighted once has one version, and nothing to be put in order: of a million
-- records most are.
create or replace temp table repeated as
select
    patient_id,
    record_no
from sighted
group by patient_id, record_no
having count(*) > 1;

create or replace temp table sighted_again as
select s.* from sighted as s
semi join repeated as r on s.patient_id = r.patient_id and s.record_no = r.record_no;

create or replace temp table observed_once as
select
    s.patient_id || ':' || s.record_no as record_key,
    s.patient_id,
    s.n,
    s.content_hash,
    s.file_sha256,
    s.line,
    coalesce(s.rule_id = 'patient_conflict', false) as is_conflict
from sighted as s
anti join repeated as r on s.patient_id = r.patient_id and s.record_no = r.record_no;

create or replace temp table restarted as
with dated as (
    select distinct
        patient_id,
        record_no,
        record_date
    from sighted_again
    where getvariable('of_table') = 'sessions' and record_date is not null
    qualify
        max(record_date) over (partition by patient_id, record_no)
        - min(record_date) over (partition by patient_id, record_no) > 180
),

gaps as (
    select
        *,
        coalesce(record_date - lag(record_date) over (
            partition by patient_id, record_no
            order by record_date
        ) > 180, false) as is_restart
    from dated
)

select
    patient_id,
    record_no,
    record_date,
    sum(is_restart::integer) over (
        partition by patient_id, record_no
        order by record_date
    ) as restart_no
from gaps;

create or replace temp table observed_row as
with keyed as (
    select
        s.*,
        s.patient_id || ':' || s.record_no
        || case when r.restart_no > 0 then '#' || cast(r.restart_no + 1 as integer) else '' end
            as record_key
    from sighted_again as s
    left join restarted as r
        on
            s.patient_id = r.patient_id
            and s.record_no = r.record_no
            and s.record_date = r.record_date
)

select *
from keyed
-- The latest answer to a row stands for it.
qualify rank() over (
    partition by record_key, n
    order by case when base_n is not null then own_n else 0 end desc
) = 1;

-- Two rows of one delivery that say different things of one record stand for nothing.
create or replace temp table observed as
select
    record_key,
    any_value(patient_id) as patient_id,
    n,
    case when count(distinct content_hash) = 1 then min(content_hash) end as content_hash,
    arg_min(file_sha256, (file_sha256, line)) as file_sha256,
    arg_min(line, (file_sha256, line)) as line,
    bool_or(coalesce(rule_id = 'patient_conflict', false)) as is_conflict
from observed_row
group by record_key, n;

insert into contradicted
select
    getvariable('of_table'),
    p.delivery_id,
    r.file_sha256,
    r.line,
    r.patient_id,
    r.record_no
from observed_row as r
inner join observed as o on r.record_key = o.record_key and r.n = o.n
inner join delivery_place as p on r.n = p.n
where o.content_hash is null and r.content_hash is not null;

create or replace temp table versions as
with chained as (
    select
        o.*,
        p.next_full_n,
        coalesce(
            p.next_full_n < lead(o.n) over (partition by o.record_key order by o.n),
            p.next_full_n is not null
        ) as vanishes
    from observed as o
    inner join place as p on o.n = p.n
),

stretches as (
    select
        *,
        coalesce(sum(vanishes::integer) over (
            partition by record_key
            order by n
            rows between unbounded preceding and 1 preceding
        ), 0) as stretch
    from chained
),

-- A row that cannot be read leaves the last good version standing.
held as (
    select
        *,
        last_value(content_hash ignore nulls) over in_order as held_hash,
        max(case when vanishes then next_full_n end) over (
            partition by record_key, stretch
        ) as gone_n
    from stretches
    window in_order as (partition by record_key, stretch order by n)
),

opened as (
    select * from held
    where held_hash is not null
    qualify held_hash is distinct from lag(held_hash) over (
        partition by record_key, stretch
        order by n
    )
),

closed as (
    select
        record_key,
        patient_id,
        held_hash as content_hash,
        file_sha256,
        line,
        n,
        cast(row_number() over (partition by record_key order by n) as integer) as version_no,
        lead(n) over (partition by record_key, stretch order by n) as next_n,
        gone_n
    from opened
    union all
    select
        o.record_key,
        o.patient_id,
        o.content_hash,
        o.file_sha256,
        o.line,
        o.n,
        1 as version_no,
        null as next_n,
        p.next_full_n as gone_n
    from observed_once as o
    inner join place as p on o.n = p.n
    where o.content_hash is not null
)

select
    c.record_key,
    c.patient_id,
    c.content_hash,
    substr(c.file_sha256, 1, 16) || ':' || c.line as row_key,
    c.file_sha256,
    c.line,
    c.version_no,
    began.delivery_id,
    began.delivery_date as known_from,
    ended.delivery_date as known_to,
    case
        when c.next_n is not null then 'changed'
        when c.gone_n is not null then 'vanished'
    end as end_reason,
    t.delivery_mode
from closed as c
inner join delivery_place as began on c.n = began.n
left join delivery_place as ended on ended.n = coalesce(c.next_n, c.gone_n)
left join delivered_table as t on c.n = t.n and t.table_name = getvariable('of_table');
