"""A workbook's zip archive, judged before anything of it is read as a workbook.

Belongs here: sizes, ratio, what must not be in it (macros, links to other files, XML entities,
passwords). Does not: sheets and cells (`workbooks`, `sheets`).
"""

from __future__ import annotations

import io
import zipfile

from orchestration.ingest.refusal import Refused
from orchestration.ingest.text_table import MAX_RATIO, MAX_UNPACKED_BYTES

MAX_PARTS = 5_000
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK"
_CONTENT_TYPES = "[Content_Types].xml"
_ENTITIES = ("<!DOCTYPE", "<!ENTITY")
_XML_SUFFIXES = (".xml", ".rels", ".vml")


class Archive:
    """The parts of a workbook, each unpacked when asked for.

    Raises
    ------
    Refused
        No zip archive, too large unpacked, damaged, or with content that can act.
    """

    def __init__(self, content: bytes) -> None:
        if content.startswith(_OLE2):
            raise Refused(
                "gate_not_a_workbook",
                "it is an old .xls or has a password: save it as .xlsx without one",
            )
        if not content.startswith(_ZIP):
            raise Refused("gate_not_a_workbook", "it is no XLSX archive")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
            raise Refused("gate_not_a_workbook", "it is no whole XLSX archive") from None
        self.names = frozenset(self._zip.namelist())
        self._refuse_large()
        self._refuse_active()
        for name in self.names:  # one damaged or hostile part is enough, needed or not
            self.part(name)

    def part(self, name: str) -> bytes:
        """One part, unpacked.

        Raises
        ------
        Refused
            It is absent, damaged, or declares XML entities.
        """
        try:
            content = self._zip.read(name)
        except Exception as error:  # zlib, bz2 and lzma each have errors of their own
            raise Refused(
                "gate_not_a_workbook", f"its part {_safe(name)} is damaged ({type(error).__name__})"
            ) from None
        if name.lower().endswith(_XML_SUFFIXES):
            _refuse_entities(content)
        return content

    def _refuse_large(self) -> None:
        entries = self._zip.infolist()
        unpacked = sum(entry.file_size for entry in entries)
        packed = max(1, sum(entry.compress_size for entry in entries))
        if unpacked > MAX_UNPACKED_BYTES or unpacked / packed > MAX_RATIO:
            raise Refused(
                "gate_too_large",
                f"it unpacks to {unpacked} bytes, {unpacked // packed} times its size",
            )
        if len(entries) > MAX_PARTS:
            raise Refused("gate_too_large", f"it has {len(entries)} parts, more than {MAX_PARTS}")

    def _refuse_active(self) -> None:
        if _CONTENT_TYPES not in self.names:
            raise Refused("gate_not_a_workbook", "it is an archive, but of no workbook")
        if any(entry.flag_bits & 1 for entry in self._zip.infolist()):
            raise Refused("gate_not_a_workbook", "it has a password: save it without one")
        lower = [name.lower() for name in self.names]
        types = self.part(_CONTENT_TYPES).lower()
        if any(name.endswith("vbaproject.bin") for name in lower) or b"macroenabled" in types:
            raise Refused("gate_active_content", "it holds macros: deliver a plain .xlsx")
        if any("externallinks/" in name for name in lower):
            raise Refused(
                "gate_active_content", "it is linked to another workbook: deliver it with values"
            )


def _refuse_entities(content: bytes) -> None:
    # Every encoding that expat accepts spells these as in ASCII, or as UTF-16.
    for word in _ENTITIES:
        if any(word.encode(code) in content for code in ("ascii", "utf-16-le", "utf-16-be")):
            raise Refused("gate_active_content", "its XML declares entities")


def _safe(name: str) -> str:
    """Last 40 characters of a part's name that are plain; names are not ours."""
    return "".join(c for c in name if c.isascii() and (c.isalnum() or c in "/._-"))[-40:]
