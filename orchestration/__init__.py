"""Orchestration: the only room that imports dagster or dbt.

Holds settings, the warehouse and the vault, reading of deliveries, thin Dagster assets, checks,
jobs, schedules and sensors, and the command line. No statistics and no clinical threshold live
here. Modules that the command line imports on start (`settings`, `warehouse`, `vault`, `ingest`,
`cli`) import neither dagster nor dbt at module level, so that `plateau --help` and a night with
nothing new stay quick.
"""

__version__ = "0.1.0"
