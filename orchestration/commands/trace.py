"""`plateau trace`: one row's way back, from its key to file, line and every version."""

from __future__ import annotations

from typing import Any

import click

from orchestration.commands import tables
from orchestration.commands.console import print_json
from orchestration.quality.places import written
from orchestration.quality.trace import follow
from orchestration.settings import Settings
from orchestration.warehouse import connect, require_live

IDENTIFYING = "The row as delivered names the patient; that it was shown is in logs/audit.jsonl."
HIDDEN = ("content_hash",)


def run(settings: Settings, key: str, *, with_text: bool, as_json: bool) -> int:
    """Print where a row came from and what became of it; return the exit code.

    Raises
    ------
    InputMissing
        Nothing is published, nothing is there, or there is no vault to show the text from.
    PlateauError
        The key is none, or several begin so.
    """
    require_live(settings)
    with connect(settings.live, read_only=True) as warehouse:
        found = follow(warehouse, key)
    if with_text:
        _add_texts(settings, found)
    if as_json:
        shown = [{k: v for k, v in one.items() if k not in HIDDEN} for one in found]
        print_json({"schema": "plateau.trace/1", "key": key, **shown[0], "deliveries": shown[1:]})
        return 0
    for one in found:
        _print(one)
    return 0


def _add_texts(settings: Settings, found: list[dict[str, Any]]) -> None:
    from orchestration.quality.vault_reading import audit, reading

    click.echo(IDENTIFYING, err=True)
    audit(settings, "trace --text", row_keys=sorted({one["row_key"] for one in found}))
    with reading(settings) as vault:
        for one in found:
            answer = vault.execute(
                "select text from verbatim_row where file_sha256 = ? and line = ?",
                [one["file_sha256"], one["line"]],
            ).fetchone()
            one["text"] = answer[0] if answer else None


def _print(one: dict[str, Any]) -> None:
    tables.say(f"{one['file']}, line {written(one['line'])} (delivery {one['delivery']})")
    tables.say(f"row key  {one['row_key']}")
    tables.say(f"table    {one['table']}")
    tables.say(f"fate     {_fate(one)}")
    if one["patient_id"]:
        tables.say(f"patient  {one['patient_id']} (pseudonym)")
    if one["record_no"]:
        tables.say(f"record   {one['record_no']}")
    if "text" in one:
        tables.say(f"text     {_harmless(one['text'] or 'not in the vault')}")
    _print_cells(one["cells"])
    _print_versions(one["versions"])
    _print_corrections(one["corrections"])
    tables.say("")


def _harmless(text: str) -> str:
    """A delivered text without what would steer the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _fate(one: dict[str, Any]) -> str:
    if not one["rule"]:
        return str(one["fate"])
    reason = f" ({one['reason']})" if one["reason"] else ""
    return f"{one['fate']} under {one['rule']}{reason}"


def _print_cells(cells: list[dict[str, Any]]) -> None:
    if cells:
        tables.show(
            "Cells",
            ("column", "what", "rule", "open"),
            [(c["column"], c["what"], c["rule"], "yes" if c["is_open"] else "") for c in cells],
        )


def _print_versions(versions: list[dict[str, Any]]) -> None:
    if not versions:
        tables.say("No version of a record: the row stands for nothing.")
        return
    tables.show(
        "Versions of its record (>: what this row says)",
        ("", "version", "known from", "known to", "ended", "set aside", "file", "line"),
        [
            (
                ">" if v["is_this_row"] else "",
                v["version_no"],
                v["known_from"],
                v["known_to"],
                v["end_reason"],
                v["set_aside_rule"],
                v["file"],
                written(v["line"]),
            )
            for v in versions
        ],
        numbers=("version",),
    )


def _print_corrections(corrections: list[dict[str, Any]]) -> None:
    if corrections:
        tables.show(
            "Answers of the clinic about its record",
            ("delivery", "line", "column", "status", "rule"),
            [
                (c["delivery_date"], c["line"], c["column"], c["status"], c["rule"])
                for c in corrections
            ],
            numbers=("line",),
        )
