{# Every world has one shortest length near the least: over the lengths of a rule they add up. #}
{% test one_length_a_world(model) %}
{%- set rule = 'study, estimand, horizon_session, cut_pct, rule, parameters, threshold_pct, decision_n_lag_visits' %}
select {{ rule }}
from {{ model }}
group by {{ rule }}
having sum(n_shortest) <> max(n_worlds)
{% endtest %}
