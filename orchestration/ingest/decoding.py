"""Bytes to UTF-8: byte-order mark, strict UTF-8, else cp1252; never a guess, never a replacement.

Belongs here: which encoding a file is in, and what its characters say went wrong before it came
here. Does not: lines, fields or headers.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestration.ingest.refusal import Refused
from orchestration.ingest.text_table import Remark

if TYPE_CHECKING:
    from orchestration.ingest.physical_lines import Lines

_BINARY = {
    b"PK\x03\x04": "a zip archive or workbook",
    b"PK\x05\x06": "an empty zip archive",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old or password-protected Office file",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ\x00": "an xz archive",
    b"(\xb5/\xfd": "a zstd archive",
    b"%PDF-": "a PDF",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "a database",
}
_CONTROL = bytes([*range(1, 9), 11, 12, *range(14, 32), 127])
_CONTROL_CHARACTER = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_C1_CONTROL = re.compile(rb"\xc2[\x80-\x9f]")
_LOST_ACCENT = re.compile(rb"\?(?<=[A-Za-z\x80-\xff]\?)[A-Za-z\x80-\xff]")
_REPLACEMENT = "\ufffd".encode()
# `é` of UTF-8 read as cp1252 is `Ã` or `Â` and another character beyond ASCII
_MOJIBAKE = re.compile(rb"\xc3[\x82\x83][\xc2-\xe2]")
_DOS_END = b"\x1a"
_HEAD = 2000


def as_utf8(content: bytes) -> tuple[bytes, str]:
    """Return the same text as UTF-8 without a mark, and the encoding that it was in.

    Raises
    ------
    Refused
        An archive or another binary file, a NUL character, or bytes of no known encoding.
    """
    for magic, kind in _BINARY.items():
        if content.startswith(magic):
            raise Refused("gate_not_text", f"it is {kind} under a text file's name")
    encoding, text = _decode(content)
    is_utf8 = encoding.startswith("utf-8")
    data = content.removeprefix(codecs.BOM_UTF8) if is_utf8 else text.encode()
    data = data.removesuffix(_DOS_END)
    if b"\x00" in data:
        at = data.index(0)
        raise Refused("gate_nul_byte", f"NUL character on line {_line_at(data, at)}")
    return data, encoding


def _decode(content: bytes) -> tuple[str, str]:
    candidates = _candidates(content)
    fault = ""
    for encoding in candidates:
        try:
            # not by the codec that drops the mark: its faults are counted from behind it
            return encoding, content.decode(encoding.removesuffix("-sig"))
        except UnicodeDecodeError as error:
            fault = fault or f"byte {error.start + 1} on line {_line_at(content, error.start)}"
    names = " or ".join(candidates)
    raise Refused("gate_undecodable", f"its bytes are not {names}: the first fault is {fault}")


def _candidates(content: bytes) -> tuple[str, ...]:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    if content.startswith(codecs.BOM_UTF8):
        return ("utf-8-sig",)
    even, odd = content[:_HEAD:2], content[1:_HEAD:2]
    if not len(content) % 2 and b"\x00" in content[:_HEAD]:
        # The header is mostly ASCII, so half of its UTF-16 bytes are NUL, all on one side.
        if b"\x00" not in even and odd.count(0) > len(odd) * 0.8:
            return ("utf-16-le",)
        if b"\x00" not in odd and even.count(0) > len(even) * 0.8:
            return ("utf-16-be",)
    return ("utf-8", "cp1252")


def _line_at(content: bytes, offset: int) -> int:
    return content.count(b"\n", 0, offset) + 1


def remarks(lines: Lines, encoding: str) -> Iterator[Remark]:
    """Yield what the characters tell of the file's past, each kind once, at its first line."""
    data = lines.data
    if encoding == "cp1252" and _MOJIBAKE.search(data):
        yield _at(lines, _MOJIBAKE, "gate_mixed_encoding", "cp1252, but here it looks like UTF-8")
    if n := len(data) - len(data.translate(None, _CONTROL)):
        yield _at(lines, _CONTROL_CHARACTER, "gate_control_characters", f"{n} control characters")
    elif _C1_CONTROL.search(data):
        yield _at(lines, _C1_CONTROL, "gate_control_characters", "control characters (C1)")
    if n := data.count(_REPLACEMENT):
        line = lines.line_of(data.index(_REPLACEMENT))
        yield "gate_lossy_text", line, f"{n} characters were lost before delivery (U+FFFD)"
    elif _LOST_ACCENT.search(data):
        yield _at(lines, _LOST_ACCENT, "gate_lossy_text", "'?' inside a word: a lost accent?")


def _at(lines: Lines, pattern: re.Pattern[bytes], rule_id: str, detail: str) -> Remark:
    match = pattern.search(lines.data)
    assert match
    return rule_id, lines.line_of(match.start()), detail
