"""Studies of simulated clinics: a question as data, rules compared, performance with its error.

Here: design, decision rules, performance measures, the loop over cohorts. Not here: the worlds
(`simulate/scenarios`) and how they are made.
"""
