"""Studies of estimates: what a cohort's analysis says, against what is true of the world.

Belongs here: cohorts, analyses and truths of the kind `estimates`. Does not: the statistics
(`classical/`, `bayes/`), trials with arms (`trials/`), decisions on one patient.
"""
