"""Hierarchical Bayesian model of pain relief over sessions: mart frame in, posterior out.

Here: the named parts of the model (`curves`, `heaping`, `priors`), the parts together (`relief`),
sampling (`fit`), its verdict (`diagnostics`) and what is reported (`quantities`).
Not here: files, Dagster, dbt, drawing, clinical constants (they come as arguments).
"""
