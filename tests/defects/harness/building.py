"""Files that cannot be written by hand, from a few words in `build.yml`.

Belongs here: workbooks, encodings, manifests with their hashes, links, repeated bytes. Does not:
anything that another program would call a delivery's content; that stands in the fixture.

Entries under `deliveries:` or `clean:`, each with `path` and one of:
    text, encode, replace   lines of a text file, `\\n` becoming CRLF
    workbook                sheets of rows; epoch, merged, hidden_rows, hidden, formats, parts
    manifest                rows (file: declared number), names (file: name to declare), mode
    symlink                 where the link leads
"""

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import yaml

HEADER = "fichier;lignes;sha256;extrait_le;source;mode"


def build(fixture: Path, part: str, drop: Path) -> None:
    """Write the files that `build.yml` describes into a drop folder."""
    recipe = fixture / "build.yml"
    if not recipe.exists():
        return
    entries = yaml.safe_load(recipe.read_text(encoding="utf-8")).get(part, [])
    for entry in sorted(entries, key=lambda one: "manifest" in one):
        path = drop / entry["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, entry)


def write_manifest(
    folder: Path,
    *,
    mode: str = "complet",
    rows: dict[str, int] | None = None,
    names: dict[str, str] | None = None,
) -> None:
    """Write the manifest of the files of a delivery."""
    lines = [HEADER]
    for path in sorted(folder.iterdir()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        name, count = (names or {}).get(path.name, path.name), (rows or {}).get(path.name, "")
        lines.append(f"{name};{count};{digest};;export;{mode}")
    (folder / "manifest.csv").write_bytes("\r\n".join([*lines, ""]).encode())


def _write(path: Path, entry: dict[str, Any]) -> None:
    match entry:
        case {"text": text, "encode": encoding}:
            for mark, filler in entry.get("replace", {}).items():
                text = text.replace(mark, filler["text"] * filler["times"])
            path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
        case {"workbook": workbook}:
            _write_workbook(path, workbook)
        case {"manifest": manifest}:
            write_manifest(path.parent, **manifest)
        case {"symlink": target}:
            path.symlink_to(target)


def _write_workbook(path: Path, workbook: dict[str, Any]) -> None:
    import openpyxl
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book = openpyxl.Workbook()
    book.remove(book.active)
    if workbook.get("epoch") == 1904:
        book.epoch = CALENDAR_MAC_1904
    for described in workbook["sheets"]:
        sheet = book.create_sheet(described["name"])
        for row in described["rows"]:
            sheet.append(row)
        for place, shown_as in described.get("formats", {}).items():
            sheet[place].number_format = shown_as
        for area in described.get("merged", []):
            sheet.merge_cells(area)
        for row in described.get("hidden_rows", []):
            sheet.row_dimensions[row].hidden = True
        if described.get("hidden"):
            sheet.sheet_state = "hidden"
    book.save(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, filler in workbook.get("parts", {}).items():
            archive.writestr(name, filler["text"] * filler["times"])
