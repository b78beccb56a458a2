-- The rows of a file that stand next to $line. Grain: one row; NULLs where the file has none.
select
    max(l.line) filter (where l.line < $line) as before,
    min(l.line) filter (where l.line > $line) as after
from raw_line as l
semi join ingest_file as f
    on l.file_sha256 = f.file_sha256 and l.delivery_id = f.delivery_id and f.file_name = $file
where l.base_delivery_id is null;
