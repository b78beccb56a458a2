r"""The study behind the table of docs/evidence/defects.md: what the data-quality layer finds.

    nice -n 10 .venv/bin/python tests/benchmarks/defect_recall.py --seeds 20 --out build/defects \
        --doc docs/evidence/defects.md

For each seed: a clinic with equal counts of every class of rows and files, as many small clinics
for each class of habits, and the same clinic clean; each goes through gate, contract, history, dbt
and Great Expectations in a warehouse of its own, in this process. A seed's counts are one JSON
file, so a study that was stopped goes on where it was; the table is made of all that is there.
"""

import argparse
import json
import os
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from datetime import date
from pathlib import Path

os.environ["DBT_INDIRECT_SELECTION"] = "empty"

DELIVERIES = (date(2022, 6, 30), date(2023, 6, 30))
MARTS = "+int_session_flags +int_patient_flags +int_emcs_flags +intervals +patients +status " \
    "+test_period_long"  # fmt: skip
HABITS = (69, 70, 71, 74)
HABIT_PATIENTS = 60
RUN = "run"
LONG_AFTER = 4e9
CLEAN_MARTS_SEEDS = 2
"""Seeds whose clean clinic also goes through dbt: for false flags, and to check the naive code."""


def night(clinic: Path, work: Path, *, marts: bool, distributions: bool):
    """Take a clinic's deliveries, then what arrives later; return settings and build."""
    from orchestration import dbt_project
    from orchestration.build import Build
    from orchestration.ingest import load
    from orchestration.ingest.deliveries import new_and_ready, scan
    from orchestration.ingest.known import loaded_deliveries
    from orchestration.journal import Journal
    from orchestration.settings import load as settings_of
    from orchestration.vault import make_key

    (work / "data").mkdir(parents=True, exist_ok=True)
    for drop in ("deliveries", "later"):
        if not (clinic / drop).is_dir():
            continue
        flags = {"data": work / "data", "deliveries": clinic / drop, "key_file": work / "key"}
        settings = settings_of(flags, cwd=work)
        if drop == "deliveries":
            make_key(settings.key_file)
            settings.builds.mkdir(parents=True)
        build = Build(settings, RUN, RUN)
        with build.write() as connection:
            known = loaded_deliveries(connection, settings)
            fresh = new_and_ready(scan(settings, now=LONG_AFTER), known)
            load.load(fresh, connection, settings, Journal(settings, RUN), RUN)
    if marts:
        dbt_project.build(settings, build.path, select=MARTS)
    if distributions:
        from orchestration.checks import record
        from orchestration.profiles import distribution_verdicts

        verdicts = distribution_verdicts(build)
        record(build, "gx", [result for one in verdicts for result in one.results])
    return settings, build


def measured(clinic: Path, settings, build, suites):
    """Count one clinic against its ledger."""
    from orchestration.measured import said, scores, values
    from simulate.defects import ledger

    told = ledger.read(clinic / "truth")
    with build.read() as connection:
        found = said.everything_said(connection, suites)
        n_rows = connection.execute(
            "select coalesce(sum(n_rows), 0) from ingest_file where status = 'accepted'"
        ).fetchone()[0]
        return scores.tally(
            told,
            found,
            said.read_whole(connection),
            values.repaired_exactly(connection, settings, told, found),
            n_rows=int(n_rows),
        )


def one_seed(seed: int, per_class: int, n_patients: int, mechanism: str, out: Path) -> Path:
    """Run one seed, unless its file is there."""
    target = out / f"{mechanism}_{per_class}_{n_patients}_{seed:03d}.json"
    if target.exists():
        return target
    import estimands

    from orchestration.measured.said import SUITES
    from simulate.cohort import generate
    from simulate.defects import inject
    from simulate.scenario import load

    work = Path(tempfile.gettempdir()) / f"plateau_defects_{os.getpid()}"
    _empty(work)
    try:
        cohort = generate(load("replica"), seed, n_patients=n_patients)
        options = inject.Options(per_class=per_class, mechanism=mechanism)
        made = inject.write(cohort, work / "dirty", options, deliveries=DELIVERIES, seed=seed)
        settings, build = night(work / "dirty", work / "dirty_run", marts=True, distributions=False)
        result = {"seed": seed, "short": made["short"], "defects": made["defects"]}
        result["dirty"] = as_json(measured(work / "dirty", settings, build, SUITES))
        with build.read() as connection:
            gated = estimands.of_marts(connection)
        result["habits"] = [
            habit(seed, number, work) for number in HABITS for _ in range(per_class)
        ]
        clean = inject.Options()
        inject.write(cohort, work / "clean", clean, deliveries=DELIVERIES, seed=seed)
        with_marts = seed <= CLEAN_MARTS_SEEDS
        settings, build = night(
            work / "clean", work / "clean_run", marts=with_marts, distributions=False
        )
        result["clean"] = as_json(
            measured(work / "clean", settings, build, SUITES if with_marts else ())
        )
        last = f"{DELIVERIES[-1]:%Y%m%d}"
        result["figures"] = {
            "truth": estimands.of_files(work / "clean" / "deliveries" / last),
            "naive": estimands.of_files(work / "dirty" / "deliveries" / last),
            "gated": gated,
        }
        if with_marts:
            with build.read() as connection:
                result["figures"]["truth_in_marts"] = estimands.of_marts(connection)
    finally:
        _empty(work)
    partial = target.with_suffix(".tmp")
    partial.write_text(json.dumps(result), encoding="utf-8")
    partial.replace(target)
    return target


def _empty(work: Path) -> None:
    """Remove all but what dbt has parsed: the same path again spares it the parsing."""
    for path in sorted(work.rglob("*"), reverse=True):
        if "dbt" in path.relative_to(work).parts:
            continue
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        else:
            path.unlink()


def habit(seed: int, number: int, work: Path) -> dict:
    """A small clinic with one habit; the seed of its own keeps repeats apart."""
    from simulate.cohort import generate
    from simulate.defects import inject
    from simulate.scenario import load

    turn = len(list(work.glob(f"habit_{number}_*[0-9]")))
    own = 1000 * seed + 100 * turn + number
    folder = work / f"habit_{number}_{turn}"
    cohort = generate(load("replica"), own, n_patients=HABIT_PATIENTS)
    options = inject.Options(per_class=1, classes=(number,))
    inject.write(cohort, folder, options, deliveries=DELIVERIES, seed=own)
    settings, build = night(folder, folder / "run", marts=False, distributions=True)
    return as_json(measured(folder, settings, build, ()))


def as_json(tally) -> dict:
    """A tally whose keys JSON can hold."""
    plain = {}
    for one in fields(tally):
        value = getattr(tally, one.name)
        plain[one.name] = (
            [[list(k) if isinstance(k, tuple) else [k], n] for k, n in value.items()]
            if isinstance(value, Counter)
            else value
        )
    return plain


def from_json(plain: dict):
    """The tally that `as_json` wrote."""
    from orchestration.measured.scores import Tally

    tally = Tally()
    for name, value in plain.items():
        if isinstance(getattr(tally, name), Counter):
            pairs = {(tuple(k) if len(k) > 1 else k[0]): n for k, n in value}
            setattr(tally, name, Counter(pairs))
        else:
            setattr(tally, name, [tuple(one) for one in value] if name == "missed" else value)
    return tally


def main() -> None:
    """Run the seeds that are missing and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--from-seed", type=int, default=1)
    parser.add_argument("--per-class", type=int, default=1)
    parser.add_argument("--patients", type=int, default=130)
    parser.add_argument("--mechanism", default="mcar", choices=("mcar", "mar", "mnar"))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("build/defects"))
    parser.add_argument("--tables-only", action="store_true", help="Run nothing; print.")
    parser.add_argument("--doc", type=Path, help="Put the tables into it, below its marker.")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    seeds = range(given.from_seed, given.from_seed + given.seeds)
    if not given.tables_only:
        with ProcessPoolExecutor(given.jobs) as pool:
            runs = {
                seed: pool.submit(
                    one_seed, seed, given.per_class, given.patients, given.mechanism, given.out
                )
                for seed in seeds
            }
            broken = []
            for seed, run in runs.items():
                # A seed that breaks must not be left out unheard: the rest would be a choice.
                error = run.exception()
                broken += [seed] if error else []
                print(f"seed {seed}: {error or run.result().name}", flush=True)
        if broken:
            raise SystemExit(f"seeds {broken} broke; no table is made of the others")
    import defect_tables

    files = sorted(given.out.glob(f"{given.mechanism}_{given.per_class}_{given.patients}_*.json"))
    results = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    text = defect_tables.tables(results, from_json)
    print(text)
    if given.doc is not None:
        defect_tables.put_into(given.doc, text)


if __name__ == "__main__":
    main()
