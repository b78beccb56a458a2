with files as (
    select delivery_date from {{ source('plateau', 'ingest_file') }}
    -- A delivery that was refused tells nothing.
    where status = 'accepted'
),

newest as (
    select max(delivery_date) as newest_delivery_date from files
)

-- least() skips a missing bound, so an empty one falls back on the newest delivery; and an
-- endpoint that no delivery has reached yet would turn every patient into one lost to follow-up.
select
    newest_delivery_date,
    cast(nullif('{{ var("window_start") }}', '') as date) as window_start,
    least(cast(nullif('{{ var("window_end") }}', '') as date), newest_delivery_date) as window_end,
    least(cast(nullif('{{ var("emcs_end") }}', '') as date), newest_delivery_date) as emcs_end
from newest
