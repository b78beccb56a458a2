"""The shape of the `raw_*` tables besides the dictionary: types, and the columns that come first.

Belongs here: which version of which row a row is: names, types and meaning, once. Does not: filling
them in.
"""

LINEAGE: dict[str, tuple[str, str]] = {
    "row_key": (
        "varchar",
        "First 16 hex digits of the file's SHA-256 and the physical line of the row that opened "
        "this version: the way back to the source.",
    ),
    "record_key": ("varchar", "The record whose version this is: pseudonym and natural key."),
    "version_no": ("integer", "1 for the first thing that was known of the record."),
    "known_from": ("date", "Date of the delivery that brought this version."),
    "known_to": ("date", "Date of the delivery that ended it; missing while it stands."),
    "end_reason": ("varchar", "changed, or vanished from a full dump; missing while it stands."),
    "set_aside_rule": (
        "varchar",
        "Rule over several rows that holds the row back now; missing where it is usable.",
    ),
    "delivery_id": ("varchar", "Delivery: its name and the hash of its content."),
    "delivery_date": ("date", "Date of the delivery that the row came with."),
    "delivery_mode": (
        "varchar",
        "complet (the file holds everything) or increment (the file adds or replaces).",
    ),
    "file_sha256": ("varchar", "SHA-256 of the delivered file."),
    "line": ("bigint", "Physical line in the file; in a workbook sheet x 10,000,000 + row."),
    "content_hash": ("varchar", "Keyed hash of the row's accepted values."),
    "patient_id": ("varchar", "Pseudonym, 32 hex digits."),
}
"""Column -> SQL type and description, in the order of the table."""

SQL_TYPES = {
    "text": "varchar",
    "code": "varchar",
    "time": "varchar",
    "date": "date",
    "datetime": "timestamp",
    "decimal": "double",
    "integer": "integer",
    "boolean": "boolean",
}
"""Type of the dictionary -> type in the warehouse; identifiers and free text never enter it."""
