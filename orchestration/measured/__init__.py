"""The data-quality layer measured on a simulated clinic whose defects are known.

Here: what the pipeline said, place by place; the ledger of what was wrong; the comparison. The one
part of Plateau that may read a truth directory, and only when a person names it. Not here: anything
that a night runs.
"""
