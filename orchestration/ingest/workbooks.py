"""A workbook's parts: which sheets it has, its strings, number formats and day 0.

Belongs here: the way from the archive to sheets of cells. Does not: the archive's safety
(`archives`), the XML of cells (`sheets`), headers and rows of a table (`sheet_tables`).
"""

from __future__ import annotations

import io
import posixpath
import re
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from orchestration.ingest.archives import Archive
from orchestration.ingest.refusal import Refused
from orchestration.ingest.sheet_cells import Kind, Styles, local, string_of
from orchestration.ingest.sheets import Sheet, read_sheet
from orchestration.ingest.text_table import MAX_SHEETS

DAY_ZERO = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}
_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.')
_NO_XML = (ElementTree.ParseError, ValueError, LookupError, OverflowError)


@dataclass(frozen=True, slots=True)
class Workbook:
    """Worksheets by number (from 1, in the order of the tabs), those hidden, and the day 0."""

    sheets: dict[int, Sheet]
    hidden: frozenset[int]
    epoch: datetime


def open_workbook(content: bytes) -> Workbook:
    """Read the cells of every worksheet.

    Raises
    ------
    Refused
        No workbook, a damaged one, or one that no clinic keeps.
    """
    archive = Archive(content)
    try:
        return _Package(archive).workbook()
    except _NO_XML as error:
        raise Refused(
            "gate_not_a_workbook", f"its XML is damaged ({type(error).__name__})"
        ) from None


class _Package:
    """Parts of an archive by their relations."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._name_of = {name.lower(): name for name in archive.names}
        main = self._relations("_rels/.rels", "")
        self._main = next((p for p, kind in main.values() if kind == "officeDocument"), "")

    def workbook(self) -> Workbook:
        folder, name = posixpath.split(self._main)
        related = self._relations(f"{folder}/_rels/{name}.rels", folder)
        root = self._root(self._main)
        epoch = DAY_ZERO[_has_1904_dates(root)]
        styles = Styles(self._strings(related), self._kinds(related), epoch)
        sheets: dict[int, Sheet] = {}
        hidden: set[int] = set()
        listed = [e for e in root.iter() if local(e) == "sheet"]
        if len(listed) > MAX_SHEETS:
            raise Refused("gate_too_large", f"it has {len(listed)} sheets, more than {MAX_SHEETS}")
        for element in listed:
            part, kind = related.get(_relation_id(element), ("", ""))
            if kind != "worksheet":
                continue
            number = len(sheets) + 1
            sheets[number] = read_sheet(self._part(part), styles)
            if element.get("state", "visible") != "visible":
                hidden.add(number)
        return Workbook(sheets, frozenset(hidden), epoch)

    def _part(self, name: str) -> bytes:
        stored = self._name_of.get(name.lower())
        if stored is None:
            raise Refused("gate_not_a_workbook", "a part that it names is missing")
        return self._archive.part(stored)

    def _root(self, name: str) -> Element:
        return ElementTree.fromstring(self._part(name))

    def _relations(self, name: str, folder: str) -> dict[str, tuple[str, str]]:
        """Relation id -> part and kind; a workbook without such a part has no relations."""
        if name.lower() not in self._name_of:
            return {}
        found = {}
        for element in self._root(name):
            target, kind = element.get("Target") or "", element.get("Type") or ""
            path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            found[element.get("Id") or ""] = (path, kind.rpartition("/")[2])
        return found

    def _strings(self, related: dict[str, tuple[str, str]]) -> list[str]:
        part = _of_kind(related, "sharedStrings")
        if not part:
            return []
        strings = []
        for _, element in ElementTree.iterparse(io.BytesIO(self._part(part))):
            if local(element) == "si":
                strings.append(string_of(element))
                element.clear()
        return strings

    def _kinds(self, related: dict[str, tuple[str, str]]) -> list[Kind]:
        """Kind of number that each cell style shows."""
        part = _of_kind(related, "styles")
        if not part:
            return []
        root = self._root(part)
        formats = {
            int(e.get("numFmtId") or 0): e.get("formatCode") or ""
            for e in root.iter()
            if local(e) == "numFmt"
        }
        return [
            _kind(int(style.get("numFmtId") or 0), formats)
            for group in root
            if local(group) == "cellXfs"
            for style in group
        ]


def _kind(format_id: int, formats: dict[int, str]) -> Kind:
    from openpyxl.styles.numbers import builtin_format_code, is_date_format, is_timedelta_format

    code = formats.get(format_id) or builtin_format_code(format_id) or "General"
    if is_timedelta_format(code):
        return "number"
    if is_date_format(code):
        return "date"
    return "percent" if "%" in _LITERAL.sub("", code) else "number"


def _has_1904_dates(root: Element) -> bool:
    settings = [e for e in root.iter() if local(e) == "workbookPr"]
    return any(e.get("date1904") in ("1", "true") for e in settings)


def _relation_id(sheet: Element) -> str:
    """The `r:id` of a sheet, whichever namespace the writer used."""
    return next((value for key, value in sheet.items() if key.endswith("}id")), "")


def _of_kind(related: dict[str, tuple[str, str]], kind: str) -> str:
    return next((part for part, its_kind in related.values() if its_kind == kind), "")
