"""The study's own frequentist methods, exact for one data set.

Here: mixed models, contingency tables, descriptions, and the tidy estimate frames made of them.
Not here: files, Dagster, PyMC, clinical constants (they come as arguments), drawing.
"""
