"""Charts, one file a question: a function takes a frame and returns an Altair chart.

Belongs here: what is drawn and how. Does not: captions (sections), rendering (`report.style`).
Altair is imported inside the functions: it takes seconds, and reading the package must not.
"""
