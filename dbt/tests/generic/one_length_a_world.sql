{# Every world has one shortest length near the least: over the lengths of a rule they add up. #}
{% test one_length_a_world(model) %}
select
    study, estimand, horizon_session, cut_pct,
    rule, parameters, threshold_pct, decision_n_lag_visits
from {{ model }}
group by all
having sum(n_shortest) <> max(n_worlds)
{% endtest %}
