-- Where the row behind each current version was delivered. Grain: a delivery's row of a row key.
create or replace temp view row_places as
with versions as (
    select
        row_key,
        file_sha256,
        delivery_id,
        line,
        'patients' as table_name
    from raw_patients
    union all
    select
        row_key,
        file_sha256,
        delivery_id,
        line,
        'sessions'
    from raw_sessions
    union all
    select
        row_key,
        file_sha256,
        delivery_id,
        line,
        'emcs'
    from raw_emcs
)

select distinct
    v.row_key,
    f.delivery_name as delivery,
    f.file_name as "file",
    v.line
from versions as v
inner join ingest_file as f
    on
        v.file_sha256 = f.file_sha256
        and v.delivery_id = f.delivery_id
        and v.table_name = f.table_name
