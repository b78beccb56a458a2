"""What stands beside the relief model: does it reproduce the reports, what do others say of them.

Here: posterior predictive checks, comparators, models left out against each other, sensitivities
of what is claimed. Not here: the model and its engines, the judgement of a fit (`diagnostics.py`).
"""
