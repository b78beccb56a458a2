-- Whether every kept row speaks for a version of its record, and every version for a kept row.
-- Grain: table_name. Variable $as_of: later deliveries are not known yet; NULL = all are.
with version as (
    select
        'patients' as table_name,
        row_key,
        file_sha256,
        line,
        patient_id,
        content_hash,
        known_to,
        set_aside_rule
    from raw_patients
    union all
    select
        'sessions' as table_name,
        row_key,
        file_sha256,
        line,
        patient_id,
        content_hash,
        known_to,
        set_aside_rule
    from raw_sessions
    union all
    select
        'emcs' as table_name,
        row_key,
        file_sha256,
        line,
        patient_id,
        content_hash,
        known_to,
        set_aside_rule
    from raw_emcs
),

known as (
    select distinct delivery_id
    from ingest_file
    where
        status = 'accepted'
        and delivery_date <= coalesce($as_of::date, date '9999-12-31')
),

kept as (
    select *
    from raw_line
    semi join known using (delivery_id)
    where fate = 'kept'
),

lost as (
    select
        l.table_name,
        count(*) as n_lost
    from kept as l
    anti join version as v
        on
            l.table_name = v.table_name
            and l.patient_id = v.patient_id
            and l.content_hash = v.content_hash
    -- But for rows that another of their delivery contradicts, and rows that an answer amends.
    anti join quarantine_row as q
        on
            l.delivery_id = q.delivery_id
            and l.table_name = q.table_name
            and l.file_sha256 = q.file_sha256
            and l.line = q.line
    anti join raw_line as a
        on
            l.delivery_id = a.base_delivery_id
            and l.table_name = a.table_name
            and l.file_sha256 = a.file_sha256
            and l.line = a.line
    where l.base_delivery_id is null
    group by all
),

invented as (
    select
        v.table_name,
        count(*) as n_invented
    from version as v
    anti join kept as l
        on
            v.table_name = l.table_name
            and v.file_sha256 = l.file_sha256
            and v.line = l.line
            and v.content_hash = l.content_hash
    group by all
),

counted as (
    select
        table_name,
        count(*) as n_versions,
        count(*) filter (where known_to is null and set_aside_rule is null) as n_current,
        count(*) filter (where known_to is null and set_aside_rule is not null) as n_set_aside,
        count(*) filter (where known_to is not null) as n_closed
    from version
    group by all
)

select
    table_name,
    coalesce(n_versions, 0) as n_versions,
    coalesce(n_current, 0) as n_current,
    coalesce(n_set_aside, 0) as n_set_aside,
    coalesce(n_closed, 0) as n_closed,
    coalesce(n_lost, 0) as n_lost,
    coalesce(n_invented, 0) as n_invented
from counted
full join lost using (table_name)
full join invented using (table_name)
order by table_name;
