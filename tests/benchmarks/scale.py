"""Ingest and build at scale: a clinic of any size as files, timed step by step.

Run as a script, not a test; the curve in `docs/evidence/` comes from it:

    python tests/benchmarks/scale.py --sessions 1000000 --out /tmp/scale

Each night runs in a process of its own, like the one of the clinic: what is timed is what somebody
waits for, imports and the start of Dagster included. The state before the second night stays beside
it, so that this night can be timed again on other code:

    python tests/benchmarks/scale.py --again --out /tmp/scale
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

SESSIONS_A_PATIENT = 20
FIRST = date(2015, 1, 5)
PATIENT_HEADER = (
    "ipp;nom;prenom;date_naissance;sexe;date_premiere_consult;duree_douleur_annees;en_initiale;"
    "lateralite;topographie;niveau_lesion;site_lesion;etiologie;"
    + ";".join(f"npsi0_{n}" for n in range(1, 13))
    + ";npsi0_total;composante_max;pr_periode_test;motif_exclusion;motif_arret;date_arret"
)
SESSION_HEADER = (
    "ipp;num_seance;date_seance;heure;infirmier;protocole;cible;intensite_pct_MT;nb_impulsions;PR;"
    "DPR;date_evaluation;"
    + ";".join(f"npsi_{n}" for n in range(1, 13))
    + ";npsi_total;ssnpsi;effet_indesirable;ei_detail;commentaire;saisi_le"
)


def write_delivery(folder: Path, n_sessions: int, *, first: int = 1, mode: str = "complet") -> None:
    """Write one delivery `folder` (AAAAMMJJ) of simulated patients, 20 sessions each.

    Parameters
    ----------
    first
        Number of the first patient; an increment brings others than the dump before it.
    """
    rng = np.random.default_rng(first)
    n_patients = max(1, n_sessions // SESSIONS_A_PATIENT)
    ipp = np.char.zfill((first + np.arange(n_patients)).astype(str), 8)
    write_frames(folder, patient_frame(ipp, rng), session_frame(ipp, rng), mode=mode)


def write_frames(
    folder: Path, patients: pd.DataFrame, sessions: pd.DataFrame, *, mode: str = "complet"
) -> None:
    """Write one delivery of two frames whose columns stand in the order of the headers."""
    folder.mkdir(parents=True)
    day = folder.name
    files = {
        f"patients_{day}.csv": (PATIENT_HEADER, patients),
        f"seances_{day}.csv": (SESSION_HEADER, sessions),
    }
    manifest = ["fichier;lignes;sha256;extrait_le;source;mode"]
    for name, (header, frame) in files.items():
        path = folder / name
        frame = frame.set_axis(header.split(";"), axis="columns")
        frame.to_csv(path, sep=";", index=False, lineterminator="\r\n", encoding="utf-8-sig")
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        manifest.append(f"{name};{len(frame)};{digest};;plateau-simulate;{mode}")
    (folder / "manifest.csv").write_text("\r\n".join(manifest) + "\r\n", encoding="utf-8")


def patient_frame(ipp: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Patient rows as text or numbers, a row a patient."""
    n = len(ipp)
    items = rng.integers(0, 11, (n, 12))
    items[:, [3, 6]] = rng.integers(1, 6, (n, 2))
    scored = np.delete(items, [3, 6], axis=1).sum(axis=1)
    births = pd.Timestamp("1935-01-01") + pd.to_timedelta(rng.integers(0, 18000, n), "D")
    frame: dict[str, object] = {
        "ipp": ipp, "nom": "SYNTHETIQUE", "prenom": "Simule",
        "birth": births.strftime("%d/%m/%Y"), "sex": rng.choice(["M", "F"], n),
        "consult": "02/06/2014", "years": rng.integers(1, 20, n), "nrs": rng.integers(5, 10, n),
        "side": rng.choice(["D", "G", "B"], n), "where": rng.choice(["hémicorps", "tronc"], n),
        "level": "central", "site": rng.choice(["moelle", "thalamus"], n),
        "cause": "AVC ischémique",
    }  # fmt: skip
    frame |= {f"q{k}": items[:, k] for k in range(12)}
    frame |= {"total": scored, "worst": "brûlure", "test": _relief(rng, n), "exclusion": "",
              "stop": "en cours", "stopped": ""}  # fmt: skip
    return pd.DataFrame(frame)


def session_frame(ipp: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Session rows of these patients, `SESSIONS_A_PATIENT` each, three weeks apart."""
    n = len(ipp) * SESSIONS_A_PATIENT
    number = np.tile(np.arange(1, SESSIONS_A_PATIENT + 1), len(ipp))
    start = np.repeat(rng.integers(0, 2500, len(ipp)), SESSIONS_A_PATIENT)
    days = pd.Series(pd.Timestamp(FIRST) + pd.to_timedelta(start + 21 * (number - 1), "D"))
    items = rng.integers(0, 11, (n, 12))
    items[:, [3, 6]] = rng.integers(1, 6, (n, 2))
    frame: dict[str, object] = {
        "ipp": np.repeat(ipp, SESSIONS_A_PATIENT), "no": number,
        "day": days.dt.strftime("%d/%m/%Y"), "time": rng.choice(["09:30", "10:15", "14:00"], n),
        "nurse": rng.choice(["AB", "CD", "EF"], n), "protocol": "20Hz M1",
        "target": rng.choice(["M1 G", "M1 D"], n), "intensity": rng.integers(80, 91, n),
        "pulses": 1600, "relief": _relief(rng, n), "duration": rng.integers(0, 21, n),
        "asked": (days + pd.Timedelta(21, "D")).dt.strftime("%d/%m/%Y"),
    }  # fmt: skip
    frame |= {f"q{k}": items[:, k] for k in range(12)}
    frame |= {
        "total": np.delete(items, [3, 6], axis=1).sum(axis=1), "ss": rng.integers(0, 11, n),
        "effect": rng.choice(["aucun", "", "céphalée"], n, p=[0.7, 0.28, 0.02]), "detail": "",
        "comment": rng.choice(["", "séance bien tolérée"], n, p=[0.8, 0.2]),
        "typed": days.dt.strftime("%d/%m/%Y") + " 17:00",
    }  # fmt: skip
    return pd.DataFrame(frame)


def _relief(rng: np.random.Generator, n: int) -> np.ndarray:
    """Reported relief on the tens, some of it missing, as text."""
    text = (10 * rng.integers(0, 10, n)).astype(str)
    return np.where(rng.random(n) < 0.15, rng.choice(["", "NR"], n), text)


def night(out: Path) -> None:
    """Ingest, dbt, Great Expectations and publication of what is new; prints seconds by step."""
    from orchestration.commands import nightly
    from orchestration.settings import load

    settings = load({"data": out / "data", "deliveries": out / "deliveries"}, cwd=out)
    outcome = nightly.run(settings, job="warehouse")
    if outcome.exit_code:
        raise SystemExit(outcome.problem)
    print(json.dumps(outcome.seconds))


def time_night(out: Path) -> dict[str, object]:
    """Run a night in a process of its own.

    Returns
    -------
    dict
        Seconds by step; `wall`, `cpu` (seconds, of the process and those that it started) and
        `peak_gb` (the largest of them).
    """
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, __file__, "--night", "--out", str(out)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    steps = json.loads(done.stdout.splitlines()[-1])
    return {
        "steps": steps,
        "wall": round(wall, 1),
        "cpu": round(cpu, 1),
        "peak_gb": round(after.ru_maxrss / 1e6, 2),
    }


def time_peer(file: Path) -> dict[str, float]:
    """Reading and validating one session file: Plateau, then pandas and pandera.

    The peer converts whole columns, judges types, ranges, codes and keys, and lists what fails; it
    repairs nothing, keeps no line number and knows no other encoding.
    """
    import pandera.pandas as pandera
    from test_bench_contract import SESSIONS, by_hand, pandera_checks

    from expectations.contract import check_rows
    from orchestration.ingest.readers import read

    began = time.perf_counter()
    checked = check_rows(SESSIONS, read(file, SESSIONS).rows, delivery_date=date(2025, 1, 1))
    ours = time.perf_counter() - began
    began = time.perf_counter()
    text = pd.read_csv(file, sep=";", dtype="str", keep_default_na=False, encoding="utf-8-sig")
    names = {
        header: column.name
        for header in text
        for column in SESSIONS.file_columns
        if header in column.headers
    }
    rows = text.rename(columns=names)[list(names.values())].replace({"NR": ""})
    _, typed = by_hand(rows)
    typed = typed.replace({"": None})
    schema = pandera.DataFrameSchema(
        {
            column.name: pandera.Column(checks=pandera_checks(pandera, column), nullable=True)
            for column in SESSIONS.file_columns
            if column.name in rows
        }
    )
    schema.validate(typed, lazy=True)
    theirs = time.perf_counter() - began
    assert len(checked.kept) == len(rows)
    return {"ours": round(ours, 1), "peer": round(theirs, 1), "ratio": round(ours / theirs, 2)}


def time_both(out: Path, sessions: int, new: int) -> dict[str, object]:
    """Write the clinic and time its first night, then that of an increment."""
    shutil.rmtree(out, ignore_errors=True)
    write_delivery(out / "deliveries" / "20250101", sessions)
    first = time_night(out)
    write_delivery(out / "deliveries" / "20250201", new, first=90_000_000, mode="increment")
    shutil.copytree(out / "data", out / "before_second")
    return {"sessions": sessions, "first": first, "second": time_night(out)}


def time_again(out: Path) -> dict[str, object]:
    """Put back the state before the second night and time that night once more."""
    shutil.rmtree(out / "data")
    shutil.copytree(out / "before_second", out / "data")
    return {"second": time_night(out)}


def main() -> None:
    """Time the first night of a clinic and the night of 1,000 new rows, or only that one again."""
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--sessions", type=int, help="sessions of the first delivery")
    what.add_argument("--again", action="store_true", help="only the second night, once more")
    what.add_argument("--night", action="store_true", help="one night on what lies there")
    parser.add_argument("--new", type=int, default=1000, help="sessions of the increment")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    out = asked.out.resolve()
    if asked.night:
        night(out)
        return
    timed = time_again(out) if asked.again else time_both(out, asked.sessions, asked.new)
    print(json.dumps(timed, indent=1))


if __name__ == "__main__":
    main()
