-- Every version of one record, oldest first. Grain: record_key x version_no.
select
    v.version_no,
    v.record_key,
    v.known_from::varchar as known_from,
    v.known_to::varchar as known_to,
    v.end_reason,
    v.set_aside_rule,
    v.row_key,
    v.line,
    v.content_hash = $content_hash as is_this_row,
    f.file_name as file
from query_table($versions) as v
left join (
    select
        file_sha256,
        arg_max(file_name, received_no) as file_name
    from ingest_file
    group by file_sha256
) as f using (file_sha256)
where
    v.patient_id = $patient_id
    and split_part(substr(v.record_key, 34), '#', 1) = $record_no
order by v.record_key, v.version_no;
