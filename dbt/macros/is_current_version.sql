{#
    True for the one fact that holds today for its natural key, among append-only facts.

    The latest delivery of a key wins (then the greater file_sha256 and line, so that ties are
    decided the same way every time). A key that is absent from a newer complete delivery of its
    table is a tombstone; an increment only adds or replaces.
#}
{% macro is_current_version(natural_key) -%}
row_number() over (
        partition by {{ natural_key | join(', ') }}
        order by delivery_date desc, file_sha256 desc, line desc
    ) = 1
    and delivery_date >= coalesce(
        max(delivery_date) filter (where delivery_mode = 'complet') over (),
        delivery_date
    )
{%- endmacro %}
