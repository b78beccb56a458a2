-- Current rows that a rule over joined data flags, and that somebody could answer.
-- A gap that a row in quarantine may have left is not asked about: the row itself is.
-- Grain: rule_id x row_key; one query a pair of flag model and raw table, see `sheet`.
with file as (
    select
        file_sha256,
        arg_max(file_name, received_no) as file_name
    from ingest_file
    where status = 'accepted'
    group by file_sha256
)

select
    g.rule_id,
    v.row_key,
    v.file_sha256,
    v.line,
    v.patient_id,
    split_part(substr(v.record_key, 34), '#', 1) as record_no,
    f.file_name
from query_table($flags) as g
inner join query_table($versions) as v
    on g.row_key = v.row_key and v.known_to is null and v.set_aside_rule is null
left join file as f on v.file_sha256 = f.file_sha256
anti join raw_correction as c
    on
        c.table_name = $table
        and v.patient_id = c.patient_id
        and split_part(substr(v.record_key, 34), '#', 1) = c.record_no
        and c.status in ('applied', 'superseded')
        and c.delivery_date >= v.known_from
where
    g.rule_id in (select unnest($rules))
    and not (
        ends_with(g.rule_id, '_gap')
        and exists (
            select 1 from quarantine_row as q
            where
                q.is_open
                and q.table_name = $table
                and (
                    q.patient_id = v.patient_id
                    or (
                        q.patient_id is null
                        and try_cast(q.record_no as integer)
                        = try_cast(split_part(substr(v.record_key, 34), '#', 1) as integer) - 1
                    )
                )
        )
    )
order by g.rule_id, f.file_name, v.line;
