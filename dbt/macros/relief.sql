{# The bounds of rule R4, half open on the raw number: nothing is rounded first. #}

{# responder at or above the threshold, non_responder below it, unknown without a value. #}
{% macro responder_status(relief) -%}
case
        when {{ relief }} is null then 'unknown'
        when {{ relief }} >= {{ var('responder_threshold_pct') }} then 'responder'
        else 'non_responder'
    end
{%- endmacro %}

{# Category of the relief, not of the person; missing without a value. #}
{% macro relief_category(relief) -%}
case
        when {{ relief }} < {{ var('responder_threshold_pct') }} then 'failure'
        when {{ relief }} < {{ var('good_threshold_pct') }} then 'poor'
        when {{ relief }} < {{ var('excellent_threshold_pct') }} then 'good'
        when {{ relief }} is not null then 'excellent'
    end
{%- endmacro %}
