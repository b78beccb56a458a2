"""What a delivery and a table must look like, and the rules that say so.

Belongs here: the data dictionary, the parsers of cells, the row contract of one file, the rule
registry, the Great Expectations suites built from them, and the clinical constants.
Does not: reading bytes, databases, Dagster, dbt, statistics. Imports no other room.
"""
