"""Delivered files damaged at random: refused by a rule, or every line accounted for.

`mutate(seed)` is one damaged file of a small whole delivery; `outcome(...)` reads it and applies
the contract. Nothing else may come of it: no other exception, no lost line, no hang. A seeded
sample is in the fast tests, 10,000 in the slow ones; a seed that fails is a test as it stands.
"""

import csv
import gzip
import io
import random
import signal
import time
import zipfile
from collections import Counter
from datetime import date, datetime
from functools import cache

import openpyxl
import pytest

from expectations.contract import check_rows, reconcile
from expectations.dictionary import load, tables_for_file
from expectations.rules import load_rules
from orchestration.ingest import readers
from orchestration.ingest.readers import Refused

SEED = 20260301
N_FAST, N_SLOW = 150, 10_000
SECONDS_A_FILE = 20
DELIVERED = date(2024, 1, 1)
N_PATIENTS, N_SESSIONS = 6, 40
TEXTS = {
    "ipp": "0000000{p}", "session_no_recorded": "{k}", "session_date": "{d:02d}/02/2021",
    "last_name": "Nom{p}", "first_name": "Prénom", "birth_date": "0{p}/05/1960", "sex": "F",
    "session_time": "09:30", "nurse": "AB", "protocol": "20Hz M1", "target": "M1 G",
    "pain_relief_pct": "{k}0,5", "relief_duration_days": "{k}", "n_pulses": "1600",
    "evaluation_date": "{d:02d}/03/2021", "side_effect": "céphalée", "laterality": "D",
    "comment": 'dit "mieux";\r\ndort l’après-midi', "recorded_at": "{d:02d}/02/2021 10:00",
    "stop_reason": "perte efficacité", "most_painful_component": "brûlure",
}  # fmt: skip


def row_of(table, n, header_set):
    """Cells of the n-th row of a table, by header."""
    p, k = n % N_PATIENTS + 1, n // N_PATIENTS + 1
    cells = {}
    for column in table.file_columns:
        form = TEXTS.get(column.name, "5" if column.type in ("integer", "decimal") else "")
        header = column.header_a if header_set == "A" else column.header_b
        cells[header] = form.format(p=p, k=k, d=n % 28 + 1)
    return cells


def csv_bytes(table, n_rows, header_set, encoding):
    buffer = io.StringIO()
    rows = [row_of(table, n, header_set) for n in range(n_rows)]
    writer = csv.DictWriter(buffer, list(rows[0]), delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode(encoding)


def workbook_bytes():
    book = openpyxl.Workbook()
    for year, sheet in ((2020, book.active), (2021, book.create_sheet("2021"))):
        sheet.append([f"Stimulation corticale {year}"])
        sheet.append(["IPP", "Date chirurgie", "Date visite", "Stimulation", "PR %", "NPSI"])
        for p in range(1, 4):
            sheet.append(
                [f"0000000{p}", datetime(year, 3, p), datetime(year, 9, p), "classique", 30]
            )
            sheet.append([None, None, datetime(year, 12, p), "theta burst", "=1+1", 0.25])
            sheet.merge_cells(f"A{2 * p + 1}:A{2 * p + 2}")
        sheet["F4"].number_format = "0%"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def redcap_bytes():
    header = "record_id,redcap_repeat_instrument,redcap_repeat_instance,ipp,sexe,num_seance,"
    lines = [header + "date_seance,pr,date_visite,emcs_pr,commentaire,seances_complete"]
    for p in range(1, 5):
        lines.append(f"{p},,,0000000{p},F,,,,,,,")
        lines += [f'{p},seances,{k},,,{k},2021-02-0{k},"{k}0,5",,,"a, ""b""",2' for k in (1, 2, 3)]
        lines.append(f"{p},emcs,1,,,,,,2021-09-01,40,,2")
    return ("\r\n".join(lines) + "\r\n").encode()


@cache
def delivery():
    tables = load()
    return {
        "patients_20231201.csv": csv_bytes(tables["patients"], N_PATIENTS, "A", "cp1252"),
        "seances_20231201.csv": csv_bytes(tables["sessions"], N_SESSIONS, "B", "utf-8-sig"),
        "seances_20231202.csv": csv_bytes(tables["sessions"], N_SESSIONS, "A", "cp1252"),
        "emcs_20231201.xlsx": workbook_bytes(),
        "redcap_export_20231201.csv": redcap_bytes(),
    }


TOKENS = [
    b'"', b'";', b';"', b'""', b"\x00", b"\xef\xbb\xbf", b"\xff\xfe", b";", b"\t", b",", b"\r",
    b"\n", b"\r\n", b"\x1a", b"\x81", b"\xe9", b"\xc3\xa9", b"\xc3", "\u2028".encode(), b"\x0b",
    b"1E+07", b"-20", b"=cmd|' /C calc'!A0", b"Total", b"9" * 40, b"e" * 200, b"\xed\xa0\x80",
    b"\x0f\x00\x1f", b"%", b"nan", b"31/02/2021", b"<!DOCTYPE a>", b"]]>", b"&#0;",
]  # fmt: skip
ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "latin-1", "cp1252", "cp850",
             "mac-roman", "utf-8", "utf-8-sig", "cp1140"]  # fmt: skip


def text_of(content):
    return content.decode("utf-8-sig", errors="replace")


def flip(rng, content):
    changed = bytearray(content)
    for _ in range(rng.choice([1, 1, 3, 30])):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def truncate(rng, content):
    return content[: rng.randrange(len(content))]


def behead(rng, content):
    return content[rng.randrange(min(len(content), 400)) :]


def cut_out(rng, content):
    start = rng.randrange(len(content))
    return content[:start] + content[start + rng.randrange(1, 200) :]


def repeat_block(rng, content):
    start = rng.randrange(len(content))
    block = content[start : start + rng.randrange(1, 2000)]
    return content[:start] + block * rng.choice([2, 2, 3, 50]) + content[start:]


def insert(rng, content):
    for _ in range(rng.choice([1, 1, 2, 10])):
        place = rng.randrange(len(content) + 1)
        content = content[:place] + rng.choice(TOKENS) + content[place:]
    return content


def huge_field(rng, content):
    place = rng.randrange(len(content))
    size = rng.choice([1_000, 10_000] + [70_000] * 7 + [10_000_001])
    return content[:place] + rng.choice([b"x", b";", b'"', b"\n", b" "]) * size + content[place:]


def reencode(rng, content):
    return text_of(content).encode(rng.choice(ENCODINGS), errors="replace")


def encode_twice(rng, content):
    return content.decode("latin-1").encode()


def shuffle_columns(rng, content):
    try:
        rows = list(csv.reader(io.StringIO(text_of(content), newline=""), delimiter=";"))
    except csv.Error:
        return content
    order = list(range(max((len(row) for row in rows), default=0)))
    rng.shuffle(order)
    kept = order[: rng.choice([len(order), len(order), max(1, len(order) - 3)])]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";").writerows(
        [[row[k] if k < len(row) else "" for k in kept] for row in rows]
    )
    return buffer.getvalue().encode()


def shuffle_lines(rng, content):
    lines = content.splitlines(keepends=True)
    rng.shuffle(lines)
    return b"".join(lines)


def change_delimiter(rng, content):
    return content.replace(b";", rng.choice([b",", b"\t", b"|", b";;", b" ; "]))


def change_line_ends(rng, content):
    return content.replace(b"\r\n", rng.choice([b"\n", b"\r", b"\r\r\n", b"\n\r", b"\x85"]))


def pack(rng, content):
    if rng.random() < 0.3:
        return gzip.compress(content)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(rng.choice(["a.csv", "../a.csv", "xl/workbook.xml"]), content)
    return buffer.getvalue()


def another_file(rng, content):
    return rng.choice(list(delivery().values()))


def append_another(rng, content):
    return content + rng.choice(list(delivery().values()))


def damage_part(rng, content):
    """Damage a part inside an archive that stays whole; another file stays as it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except Exception:
        return content
    if not parts:
        return content
    name = rng.choice([n for n in parts if n.startswith("xl/")] or list(parts))
    damage = rng.choice([flip, truncate, cut_out, repeat_block, insert, change_numbers])
    parts[name] = damage(rng, parts[name] or b"\x00")
    if rng.random() < 0.1:
        del parts[rng.choice(list(parts))]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    return buffer.getvalue()


def change_numbers(rng, content):
    """Put extreme numbers in the place of some numbers."""
    digits = [n for n, byte in enumerate(content) if 48 <= byte <= 57]
    for _ in range(rng.choice([1, 2, 5])):
        if digits:
            place = rng.choice(digits)
            number = rng.choice([b"0", b"-1", b"9999999", b"1048576", b"1e308", b"16384", b"43558"])
            content = content[:place] + number + content[place + 1 :]
    return content


ANY = [flip, truncate, behead, cut_out, repeat_block, insert, huge_field, pack, another_file,
       append_another, encode_twice]  # fmt: skip
OF_TEXT = [flip, insert, insert, reencode, shuffle_columns, shuffle_lines, change_delimiter,
           change_line_ends, change_numbers, truncate, repeat_block]  # fmt: skip


def mutate(seed):
    """Name and bytes of one damaged file; the same for the same seed."""
    rng = random.Random(seed)
    name = rng.choice(list(delivery()))
    content = delivery()[name]
    for _ in range(rng.choice([1, 1, 2, 3])):
        if name.endswith(".xlsx"):
            damage = rng.choice([damage_part] * 3 + ANY)
        else:
            damage = rng.choice(OF_TEXT * 2 + ANY)
        content = damage(rng, content or b"\x00")
    return name, content


def outcome(path, name, content):
    """What became of a file: 'reconciled', or the rule that refused it."""
    path.write_bytes(content)
    try:
        parsed = readers.parse(path, name=name)
        tables = tables_for_file(name)
        texts = [readers.read(path, table, name=name, parsed=parsed) for table in tables]
    except Refused as refusal:
        assert load_rules()[refusal.rule_id].action == "refuse"
        return refusal.rule_id
    require_every_line(texts, parsed)
    for table, text in zip(tables, texts, strict=True):
        checked = check_rows(table, text.rows, delivery_date=DELIVERED)
        reconcile(len(text.rows), checked)
        if checked.refusal:
            return checked.refusal[0]
    return "reconciled"


def require_every_line(texts, parsed):
    """Each line of the file is in the verbatim text; each below the header in one table's rows."""
    verbatim = texts[0].verbatim
    lines = [
        line for text in texts for frame in (text.rows, text.dropped) for line in frame["line"]
    ]
    assert len(lines) == len(set(lines))
    assert set(lines) <= set(verbatim["line"])
    if isinstance(parsed, readers.CsvFile):
        assert verbatim["line"].iloc[0] == 1
        assert (verbatim["line"].iloc[1:].to_numpy() == verbatim["line_end"].iloc[:-1] + 1).all()
        assert verbatim["line_end"].iloc[-1] == parsed.lines.n
        assert sorted(lines) == verbatim["line"].tolist()[-len(lines) :]


def run(folder, seeds):
    """Outcomes by their number, and the slowest file; a failure names its seed."""

    def stop(signum, frame):
        raise TimeoutError("a file took too long")

    outcomes, slowest = Counter(), (0.0, 0)
    previous = signal.signal(signal.SIGALRM, stop)
    try:
        for seed in seeds:
            name, content = mutate(seed)
            signal.alarm(SECONDS_A_FILE)
            start = time.perf_counter()
            try:
                outcomes[outcome(folder / "kept", name, content)] += 1
            except Exception as error:
                error.add_note(f"mutate({seed}): {name}")
                raise
            slowest = max(slowest, (time.perf_counter() - start, seed))
            signal.alarm(0)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    return outcomes, slowest


def test_the_whole_delivery_is_reconciled(tmp_path):
    for name, content in delivery().items():
        assert outcome(tmp_path / "kept", name, content) == "reconciled", name


def test_a_sample_of_damaged_files_is_refused_or_reconciled(tmp_path):
    outcomes, _ = run(tmp_path, range(SEED, SEED + N_FAST))
    assert outcomes.total() == N_FAST
    assert outcomes["reconciled"] > N_FAST // 10, "the damage is too coarse to reach the contract"
    assert len(outcomes) > 5, outcomes


@pytest.mark.slow
def test_ten_thousand_damaged_files_are_refused_or_reconciled(tmp_path, capsys):
    start = time.perf_counter()
    outcomes, (seconds, seed) = run(tmp_path, range(SEED, SEED + N_SLOW))
    with capsys.disabled():
        print(f"\n{N_SLOW} damaged files from seed {SEED} in {time.perf_counter() - start:.0f} s; "
              f"slowest {seconds:.2f} s (seed {seed})")  # fmt: skip
        for name, n in outcomes.most_common():
            print(f"  {n:6d} {name}")
    assert outcomes.total() == N_SLOW
