"""The sections of the page, one file each: `build(frames, facts) -> Section`.

Belongs here: what is shown in which order, captions, and what is said when a table is absent. Does
not: drawing (`report.figures`), tables (`report.tables`), HTML (`report.templates`).
"""
