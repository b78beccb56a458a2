"""Great-tables tables, one file a table: rows in, HTML with inline CSS out.

Belongs here: columns, groups, footnotes. Does not: figures or prose around the table.
Great-tables is imported inside the functions.
"""
