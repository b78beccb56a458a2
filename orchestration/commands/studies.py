"""`plateau study`: simulation studies from the command line.

Belongs here: words for people around `simulate.studies`. Does not: how a study is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestration.commands.console import print_json
from orchestration.commands.study_asked import (
    design_of,
    is_grid,
    is_page,
    named,
    spare,
    writing_to,
)
from orchestration.commands.study_lines import lines
from orchestration.errors import WrongUse
from orchestration.settings import Settings

if TYPE_CHECKING:
    import pandas as pd


def list_studies(settings: Settings, *, as_json: bool) -> int:
    """Print every study with its aim and what has been run."""
    from simulate.studies import files
    from simulate.studies.run import open_store
    from simulate.studies.worlds import worlds

    found = []
    for name in files.available():
        design = files.load(name)
        store = open_store(design, settings.studies)
        with named():
            n = [
                sum(shard.stop - shard.first for shard in store.complete(world.scenario_id))
                for world in worlds(design)
            ]
        found.append({"study": name, "aims": design.aims.strip(), "replicates": min(n)})
    if as_json:
        print_json({"schema": "plateau.study.list/1", "studies": found})
    for one in found if not as_json else []:
        click.echo(f"{one['study']}: {one['aims']}\n  {one['replicates']:,} cohorts a world so far")
    return 0


def status(
    settings: Settings,
    *,
    name: str,
    changes: Sequence[str],
    seed: int | None,
    population: str,
    as_json: bool,
) -> int:
    """Print replicates by world, precision, and partitions of other designs or code."""
    from simulate.studies.run import open_store
    from simulate.studies.worlds import worlds

    design = design_of(settings, name, changes, seed, population)
    with named():
        store = open_store(design, settings.studies)
        rows: list[dict[str, Any]] = []
        for world in worlds(design):
            shards = store.complete(world.scenario_id)
            n = sum(s.stop - s.first for s in shards)
            rows.append(
                {
                    "world": world.name,
                    "scenario_id": world.scenario_id,
                    "replicates": n,
                    "wanted": design.replicates,
                    "shards": len(shards),
                }
            )
        others = store.other_partitions()
    if as_json:
        facts = {"study": design.study, "design_id": store.design_id, "code_id": store.code_id}
        print_json({"schema": "plateau.study.status/1", **facts, "rows": rows, "others": others})
        return 0
    click.echo(f"{design.study}, design {store.design_id}, code {store.code_id}")
    for row in rows:
        click.echo(
            f"  {row['world']} ({row['scenario_id'][:6]}): {row['replicates']:,} of "
            f"{row['wanted']:,} cohorts in {row['shards']} shards"
        )
    if others:
        click.echo(f"  not mixed in, of another design or code: {', '.join(others)}")
    return 0


def show(
    settings: Settings,
    *,
    name: str,
    changes: Sequence[str],
    seed: int | None,
    population: str,
    measure: Sequence[str],
    everything: bool,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Print the answer, then figures with their errors, by population; or write the page."""
    from orchestration.commands.study_populations import side_by_side

    spare(out, is_page, force=force)
    with named():
        both = side_by_side(settings, name, changes, seed, population)
    if out is not None:
        return _page(both, settings, out, as_json=as_json)
    for one in both:
        _check_measures(one.found.study_performance, measure, everything=everything)
    if as_json:
        print_json(_told(both, measure, everything=everything))
        return 0
    for one in both:
        click.echo("\n".join((one.answer.told, *one.answer.signs)))
        rows = _rows(one.found.study_performance, measure, everything=everything)
        for line in lines(one.design, one.found, rows, tuple(measure)):
            click.echo(line)
        if one.design.kind == "trials" and not measure:
            from orchestration.commands.study_size import found_before

            for line in found_before(one.design, settings.studies):
                click.echo(line)
    return 0


def _page(both: list[Any], settings: Settings, out: Path, *, as_json: bool) -> int:
    """Write the page of the first of them, the others beside."""
    from orchestration.study_page import write_page
    from simulate.studies.convergence import course
    from simulate.studies.run import open_store

    own = both[0]
    with named():
        shrank = course(own.design, open_store(own.design, settings.studies))
    with writing_to(out):
        n_bytes = write_page(
            own.design,
            own.found,
            out,
            both if own.answer.population else (),
            shrank,
            own.sizes,
            own.answer,
        )
    if as_json:
        print_json({"schema": "plateau.study.page/1", "page": str(out), "bytes": n_bytes})
    else:
        click.echo(out)
    return 0


def _rows(told: pd.DataFrame, measure: Sequence[str], *, everything: bool) -> pd.DataFrame:
    """Return the rows asked for."""
    rows = told if everything else told[told["is_headline"]]
    return rows[rows["measure"].isin(measure)] if measure else rows


def _check_measures(told: pd.DataFrame, measure: Sequence[str], *, everything: bool) -> None:
    """Refuse a measure that a study does not have."""
    from simulate.studies.mistakes import nearest

    there = _rows(told, (), everything=everything)["measure"]
    unknown = sorted(set(measure) - set(there))
    if unknown:
        known = ", ".join(dict.fromkeys(there))
        near = nearest(unknown[0], known.split(", "))
        raise WrongUse(f"No measure {', '.join(unknown)}{near} (there are: {known}).")


def _told(both: list[Any], measure: Sequence[str], *, everything: bool) -> dict[str, Any]:
    """Return what is printed as JSON: the population asked for, and the other where it was run."""
    every = [
        {
            "population": one.population,
            "study": one.design.study,
            "design_id": one.design.design_id,
            "answer": one.answer.sentence,
            "rows": _rows(one.found.study_performance, measure, everything=everything)
            .drop(columns="study")
            .to_dict("records"),
        }
        for one in both
    ]
    beside = {"beside": every[1:]} if every[1:] else {}
    return {"schema": "plateau.study.show/1", **every[0], **beside}


def whatif(
    settings: Settings,
    *,
    name: str,
    changes: Sequence[str],
    seed: int | None,
    population: str,
    out: Path,
    table: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Write the what-if page of a study over worlds, and its grid."""
    from orchestration.study_page import write_whatif
    from simulate.studies.kinds import kind
    from simulate.studies.run import open_store

    spare(out, is_page, force=force)
    spare(table, is_grid, force=force)
    design = design_of(settings, name, changes, seed, population)
    if design.kind != "test_periods":
        raise WrongUse(f"study {name} is about {design.kind}: a what-if page is of test periods.")
    with named():
        found = kind(design.kind).tables(design, open_store(design, settings.studies))
    try:
        with writing_to(out):
            n_bytes, n_rows = write_whatif(design, found, out, table)
    except ValueError as error:
        raise WrongUse(f"{error}.") from None
    if as_json:
        facts = {"page": str(out), "bytes": n_bytes, "rows": n_rows, "table": table and str(table)}
        print_json({"schema": "plateau.study.whatif/1", **facts})
    else:
        click.echo(out)
    return 0
