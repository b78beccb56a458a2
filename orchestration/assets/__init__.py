"""Thin Dagster assets, one file a stage, in the order that the data flows."""
