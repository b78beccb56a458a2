{# No row is lost and none comes twice: this model has as many rows as its `parts` together (where
   `condition`). #}
{% test rows_add_up(model, parts, condition='true') %}
select
    (select count(*) from {{ model }}) as n_whole,
    {% for part in parts -%}
        (select count(*) from {{ part }} where {{ condition }}){{ " + " if not loop.last }}
    {%- endfor %} as n_parts
where n_whole <> n_parts
{% endtest %}
