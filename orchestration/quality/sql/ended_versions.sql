-- Versions that this run's deliveries ended, of those that stood before them.
-- Grain: table_name. A version that came with the last of these deliveries cannot have ended.
with day as (
    select distinct delivery_date
    from ingest_file
    where run_id = $run_id and status = 'accepted'
),

version as (
    select
        'patients' as table_name,
        known_from,
        known_to,
        end_reason
    from raw_patients
    union all
    select
        'sessions' as table_name,
        known_from,
        known_to,
        end_reason
    from raw_sessions
    union all
    select
        'emcs' as table_name,
        known_from,
        known_to,
        end_reason
    from raw_emcs
)

select
    table_name,
    count(*) as n_stood,
    count(*) filter (where known_to in (from day) and end_reason = 'changed') as n_changed,
    count(*) filter (where known_to in (from day) and end_reason = 'vanished') as n_vanished
from version
where
    known_from < (select max(delivery_date) from day)
    and (known_to is null or known_to >= (select min(delivery_date) from day))
group by table_name
order by table_name;
