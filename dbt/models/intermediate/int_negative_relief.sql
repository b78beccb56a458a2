-- The quarantine holds the cell by the file it came with, which a later file may have repeated;
-- the record that it belongs to leads to the row that holds today. An answer that leaves the cell
-- empty confirms the worsening: whether the cell is still a question does not matter here.
with below_zero as (
    select distinct
        table_name,
        file_sha256,
        line
    from {{ source('plateau', 'quarantine_cell') }}
    where rule_id = 'pr_negative'
),

deliveries as (
    select
        delivery_id,
        any_value(delivery_date) as delivery_date,
        any_value(extracted_at) as extracted_at,
        any_value(received_no) as received_no
    from {{ source('plateau', 'ingest_file') }}
    where status = 'accepted'
    group by delivery_id
),

records as (
    select distinct
        delivered.table_name,
        delivered.patient_id,
        delivered.record_no
    from {{ source('plateau', 'raw_line') }} as delivered
    semi join below_zero
        on
            delivered.table_name = below_zero.table_name
            and delivered.file_sha256 = below_zero.file_sha256
            and delivered.line = below_zero.line
),

-- A row amended by an answer is as old as the row that it amends. A row that cannot be read
-- leaves the one before it standing.
newest as (
    select
        delivered.table_name,
        delivered.patient_id,
        delivered.record_no,
        delivered.record_date,
        delivered.file_sha256,
        delivered.line
    from {{ source('plateau', 'raw_line') }} as delivered
    semi join records
        on
            delivered.table_name = records.table_name
            and delivered.patient_id = records.patient_id
            and delivered.record_no = records.record_no
    inner join deliveries
        on coalesce(delivered.base_delivery_id, delivered.delivery_id) = deliveries.delivery_id
    where delivered.fate = 'kept'
    qualify dense_rank() over (
        partition by
            delivered.table_name,
            delivered.patient_id,
            delivered.record_no,
            delivered.record_date
        order by
            deliveries.delivery_date desc,
            deliveries.extracted_at desc nulls last,
            deliveries.received_no desc,
            deliveries.delivery_id desc
    ) = 1
),

reported as (
    select
        newest.table_name,
        newest.patient_id,
        newest.record_no,
        newest.record_date
    from newest
    semi join below_zero
        on
            newest.table_name = below_zero.table_name
            and newest.file_sha256 = below_zero.file_sha256
            and newest.line = below_zero.line
),

-- An answer may have changed the day of a session: it stays the record that it was delivered as.
delivered_days as (
    select
        substr(delivered.file_sha256, 1, 16) || ':' || delivered.line as row_key,
        min(delivered.record_date) as record_date
    from {{ source('plateau', 'raw_line') }} as delivered
    semi join records
        on
            delivered.table_name = records.table_name
            and delivered.patient_id = records.patient_id
            and delivered.record_no = records.record_no
    where delivered.table_name = 'sessions' and delivered.fate = 'kept'
    group by delivered.file_sha256, delivered.line
),

dated_sessions as (
    select
        sessions.row_key,
        sessions.patient_id,
        sessions.session_no_recorded,
        coalesce(delivered_days.record_date, sessions.session_date) as record_date
    from {{ ref('stg_sessions') }} as sessions
    left join delivered_days on sessions.row_key = delivered_days.row_key
    -- A value in the row that holds today is the clinic's own answer: there was no worsening.
    where sessions.pain_relief_pct is null
)

select sessions.row_key
from dated_sessions as sessions
semi join reported
    on
        reported.table_name = 'sessions'
        and sessions.patient_id = reported.patient_id
        and sessions.session_no_recorded = try_cast(reported.record_no as integer)
        and sessions.record_date = reported.record_date
union all
select patients.row_key
from {{ ref('stg_patients') }} as patients
semi join reported
    on
        reported.table_name = 'patients'
        and patients.patient_id = reported.patient_id
where patients.test_period_relief_pct is null
