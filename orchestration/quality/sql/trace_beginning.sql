-- Row keys that begin with $key, at most $most. Grain: row_key.
select distinct substr(file_sha256, 1, 16) || ':' || line as row_key
from raw_line
where starts_with(substr(file_sha256, 1, 16) || ':' || line, $key)
order by 1
limit $most;
