"""Tables, figures and the page: frames in, documents out.

Belongs here: how a number is written, drawn, captioned and explained. Does not: statistics (every
number comes from a frame; the most that is done here is to count rows of a table at its own grain
and to write n of N as a percentage), reading of the warehouse, or any import of another room.
Import the concrete modules: `report.pages.build` writes the page, `report.facts.ReportFacts` says
which run it is about.
"""
