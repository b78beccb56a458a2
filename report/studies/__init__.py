"""Pages of simulation studies and the sections that they share.

Belongs here: parts and words of study pages. Does not: the drawing of a figure (`report/figures`),
or any number that is not in the tables handed in.
"""
