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
-- The version's own delivery: the same bytes may have come again under another name.
left join (
    select
        delivery_id,
        file_sha256,
        any_value(file_name) as file_name
    from ingest_file
    where status = 'accepted'
    group by all
) as f using (delivery_id, file_sha256)
where
    v.patient_id = $patient_id
    and split_part(substr(v.record_key, 34), '#', 1) = $record_no
order by v.record_key, v.version_no;
