"""What goes wrong in a clinic's files, on purpose and written down.

Here: the catalogue of classes, what puts each into the files, and the ledger of what was done. Not
here: the clean files (`simulate/extracts.py`), or finding anything: nothing here is read by the
pipeline.
"""
