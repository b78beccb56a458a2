-- Which dates of a series are out of order: those that its longest rising subsequence can do
-- without. Only a series with a falling date is looked at, so the list functions stay cheap.
with recursive listed as (
    select
        patient_id,
        series_no,
        list(row_key order by session_no_recorded) as row_keys,
        list(session_date order by session_no_recorded) as dates
    from {{ ref('int_recorded_order') }}
    group by patient_id, series_no
    having bool_or(session_date < previous_date)
),

-- Position k: length of the longest rise that ends there; and, counted from the end of the
-- series, of the longest rise that starts there.
climbing as (
    select
        patient_id,
        series_no,
        dates,
        1 as k,
        [1] as rise_to,
        [1] as rise_from
    from listed
    union all
    select
        patient_id,
        series_no,
        dates,
        k + 1 as k,
        -- noqa: disable=PRS,LT01
        list_append(rise_to, 1 + coalesce(list_max(list_filter(
            rise_to, lambda one, i: dates[i] <= dates[k + 1]
        )), 0)) as rise_to,
        list_append(rise_from, 1 + coalesce(list_max(list_filter(
            rise_from, lambda one, i: dates[len(dates) + 1 - i] >= dates[len(dates) - k]
        )), 0)) as rise_from
        -- noqa: enable=all
    from climbing
    where k < len(dates)
),

positions as (
    select
        climbing.patient_id,
        climbing.series_no,
        unnest(listed.row_keys) as row_key,
        unnest(climbing.dates) as session_date,
        unnest(climbing.rise_to) as rise_to,
        unnest(list_reverse(climbing.rise_from)) as rise_from,
        unnest(range(1, len(climbing.dates) + 1)) as position_no,
        list_max(climbing.rise_to) as longest
    from climbing
    inner join listed
        on
            climbing.patient_id = listed.patient_id
            and climbing.series_no = listed.series_no
    where climbing.k = len(climbing.dates)
),

-- In order: on every longest rise, so the only position on one that stands at its height.
judged as (
    select
        *,
        rise_to + rise_from - 1 < longest
        or count(*) filter (where rise_to + rise_from - 1 = longest) over (
            partition by patient_id, series_no, rise_to
        ) > 1 as is_out_of_order
    from positions
),

-- Day and month exchanged would set the row between its neighbours: the likely slip.
neighbours as (
    select
        *,
        coalesce(lag(session_date) over in_series, date '0001-01-01') as date_before,
        coalesce(lead(session_date) over in_series, date '9999-12-31') as date_after,
        case
            when day(session_date) <= 12 and day(session_date) <> month(session_date)
                then make_date(year(session_date), day(session_date), month(session_date))
        end as exchanged_date
    from judged
    window in_series as (
        partition by patient_id, series_no
        order by position_no
    )
)

select
    row_key,
    coalesce(exchanged_date between date_before and date_after, false) as is_day_month_swap
from neighbours
where is_out_of_order
