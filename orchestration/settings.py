"""One frozen settings object, merged from `plateau.toml` < `PLATEAU_*` < flags.

Belongs here: every path, preset, profile and operational switch, and where each value came from.
Does not belong here: clinical constants (`expectations.protocol`) and model priors
(`bayes.priors`).
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal
from zoneinfo import available_timezones

from orchestration.errors import WrongUse

ROOT = Path(__file__).resolve().parents[1]
"""The checkout (the project is installed editable), which holds `dbt/`."""

PROFILES: dict[str, dict[str, int]] = {
    "demo": {
        "model_marginal_draws": 1000, "model_draws": 3500, "model_tune": 700, "study_cohorts": 200,
    },
    "full": {
        "model_marginal_draws": 4000, "model_draws": 6000, "model_tune": 1000,
        "study_cohorts": 5000,
    },
}  # fmt: skip
PRESETS = ("clinic", "paper_replica")
ENGINES = ("auto", "marginal", "nuts")

_TABLES = ("retention",)
"""Tables of `plateau.toml`: `[retention] logs_days` is the setting `retention_logs_days`."""
_KEPT_FOR_GOOD = ("retention_vault", "retention_quarantine")

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_CRON = re.compile(r"[0-9*/,-]+( [0-9A-Za-z*/,-]+){4}")
_LEAST = {
    "settle_seconds": 0,
    "lock_wait_seconds": 0,
    "delivery_rhythm_days": 0,
    "waiting_alarm_hours": 0,
    "retention_builds_days": 0,
    "retention_warehouse_versions": 0,
    "retention_posteriors": 1,
    "retention_reports": 1,
    "retention_logs_days": 1,
    "retention_run_events_days": 1,
    "model_marginal_draws": 1,
    "model_draws": 1,
    "model_tune": 1,
    "model_chains": 1,
    "study_cohorts": 1,
}


def _config_home() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "plateau"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a run needs to know and that is not data.

    Units: seconds, days and counts as the names say. Paths are absolute.
    """

    data: Path = Path("data")
    """The one root of all that a run writes."""
    deliveries: Path | None = None
    """Where the clinic drops `AAAAMMJJ/` folders; `<data>/incoming` when not set."""
    key_file: Path = field(default_factory=lambda: _config_home() / "pseudonym.key")
    """Secret of the pseudonyms, outside the data directory and the checkout."""
    preset: str = "clinic"
    profile: str = "demo"
    seed: int = 1
    settle_seconds: int = 300
    """A delivery without a manifest is ready when no file changed for so long."""
    lock_wait_seconds: int = 3600
    """How long a run started by the schedule, a sensor or the UI waits for the data directory."""
    nightly_cron: str = "0 2 * * *"
    timezone: str = "Europe/Paris"
    heartbeat_deadline: str = "06:00"
    """Local time by which the nightly must have ended well."""
    delivery_rhythm_days: int = 0
    """The clinic's declared rhythm; 0 = none declared, no alarm."""
    waiting_alarm_hours: int = 24
    """How long a delivery may lie unchanged and not whole before an alarm; 0 = no alarm."""
    alarm_command: str = ""
    """Hook for failed runs and alarms; gets `PLATEAU_EVENT` and `PLATEAU_MESSAGE`."""
    dagster_yaml: Path | None = None
    """The user's own Dagster instance configuration (for Postgres storage, say)."""
    retention_builds_days: int = 7
    """Unpublished builds of failed runs."""
    retention_warehouse_versions: int = 7
    """Formerly published warehouse files, each a file to go back to."""
    retention_posteriors: int = 30
    """Posteriors, one a model run that converged."""
    retention_reports: int = 30
    """Reports by run; the published one stays."""
    retention_logs_days: int = 90
    """Daily journals and console logs."""
    retention_run_events_days: int = 90
    """Dagster's runs with their events, and its ticks of schedules and sensors."""
    retention_vault: str = "never"
    """Verbatim rows, identifiers and free text are never deleted by Plateau."""
    retention_quarantine: str = "never"
    """Quarantine and repair logs are never deleted by Plateau."""
    model_engine: Literal["auto", "marginal", "nuts"] = "auto"
    """marginal, nuts, or auto: marginal, and NUTS where its gate fails."""
    model_marginal_draws: int = PROFILES["demo"]["model_marginal_draws"]
    """Draws of the marginal engine."""
    model_draws: int = PROFILES["demo"]["model_draws"]
    """Draws of each chain of NUTS."""
    model_tune: int = PROFILES["demo"]["model_tune"]
    model_chains: int = 4
    study_cohorts: int = PROFILES["demo"]["study_cohorts"]
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Setting name -> where its value came from; anything absent is the default."""

    @property
    def incoming(self) -> Path:
        """The drop folder of the clinic."""
        return self.deliveries or self.data / "incoming"

    @property
    def kept(self) -> Path:
        """Accepted delivery files, content-addressed."""
        return self.data / "deliveries"

    @property
    def vault(self) -> Path:
        """The vault file: verbatim rows, identifiers, free text, quarantined values."""
        return self.data / "vault" / "vault.duckdb"

    @property
    def live(self) -> Path:
        """The published warehouse; its stem is the catalog name inside stored views."""
        return self.data / "warehouse" / "live" / "plateau.duckdb"

    @property
    def builds(self) -> Path:
        """Warehouses under construction, one a root run."""
        return self.data / "warehouse" / "build"

    @property
    def versions(self) -> Path:
        """Formerly published warehouses, `<published_at>-<run>.duckdb`."""
        return self.data / "warehouse" / "versions"

    @property
    def reports(self) -> Path:
        """HTML reports by run, and `report.html`, the published one."""
        return self.data / "reports"

    @property
    def posteriors(self) -> Path:
        """Zarr posteriors, one a model run."""
        return self.data / "posteriors"

    @property
    def studies(self) -> Path:
        """Counts of simulation studies, Parquet by study, design, code and world."""
        return self.data / "studies"

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance: storage, `dagster.yaml`."""
        return self.data / "dagster"

    @property
    def dbt_target(self) -> Path:
        """The dbt manifest, partial parse and run artifacts; never in the checkout."""
        return self.data / "dbt" / "target"

    @property
    def logs(self) -> Path:
        """JSON lines, a file a UTC day."""
        return self.data / "logs"

    @property
    def cache(self) -> Path:
        """Compiled code of numba and PyTensor; `PLATEAU_CACHE` shares one between directories."""
        return Path(os.environ.get("PLATEAU_CACHE") or self.data / "cache").resolve()

    def environment(self) -> dict[str, str]:
        """`PLATEAU_*` variables that make a child process load these same settings."""
        return {
            f"PLATEAU_{f.name.upper()}": str(value)
            for f in fields(self)
            if f.name != "sources" and (value := getattr(self, f.name)) is not None
        }


def load(flags: Mapping[str, Any] | None = None, *, cwd: Path | None = None) -> Settings:
    """Merge the three layers and validate.

    Parameters
    ----------
    flags
        Values given on the command line, by setting name; `None` means not given.
    cwd
        Folder of `plateau.toml` and of relative paths; the current one by default.

    Raises
    ------
    WrongUse
        A key that no setting has, or a value of the wrong type, named with its place.
    """
    cwd = (cwd or Path.cwd()).resolve()
    layers = [_from_toml(cwd / "plateau.toml"), _from_environment(), _from_flags(flags or {})]
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for layer in layers:
        for name, (text, place) in layer.items():
            values[name] = _coerce(name, text, place, cwd)
            sources[name] = place
    profile = values.get("profile", "demo")
    _one_of("profile", profile, PROFILES, sources)
    _one_of("preset", values.get("preset", "clinic"), PRESETS, sources)
    _one_of("model_engine", values.get("model_engine", "auto"), ENGINES, sources)
    for name, default in PROFILES[profile].items():
        if name not in values:
            values[name] = default
            sources[name] = f"profile {profile}"
    values.setdefault("data", (cwd / "data").resolve())
    settings = Settings(**values, sources=sources)
    _refuse_impossible(settings)
    return settings


def _refuse_impossible(settings: Settings) -> None:
    """Refuse values of the right type that nothing can be done with, named with their place."""
    possible = {
        "timezone": settings.timezone in available_timezones(),
        "heartbeat_deadline": bool(_CLOCK.fullmatch(settings.heartbeat_deadline)),
        "nightly_cron": bool(_CRON.fullmatch(settings.nightly_cron)),
        **{name: getattr(settings, name) >= least for name, least in _LEAST.items()},
    }
    for name, is_possible in possible.items():
        if not is_possible:
            place = settings.sources.get(name, "default")
            raise WrongUse(f"{place}: {name} cannot be {getattr(settings, name)!r}.")
    for name in _KEPT_FOR_GOOD:
        if getattr(settings, name) != "never":
            raise WrongUse(
                f'{settings.sources.get(name, "default")}: {name} can only be "never": without '
                "these rows no figure could be followed to its file and line (docs/operations.md)."
            )


def _from_toml(path: Path) -> dict[str, tuple[Any, str]]:
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongUse(f"{path.name} cannot be read ({error}); mend it or remove it.") from None
    flat: dict[str, tuple[Any, str]] = {}
    for name, value in content.items():
        if name in _TABLES and isinstance(value, dict):
            for inner, given in value.items():
                flat[f"{name}_{inner}"] = (given, f"{path.name} [{name}]")
        else:
            flat[name] = (value, path.name)
    return flat


def _from_environment() -> dict[str, tuple[Any, str]]:
    known = {f.name for f in fields(Settings)} - {"sources"}
    return {
        name: (os.environ[f"PLATEAU_{name.upper()}"], f"PLATEAU_{name.upper()}")
        for name in known
        if os.environ.get(f"PLATEAU_{name.upper()}")
    }


def _from_flags(flags: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
    return {
        name: (value, f"--{name.replace('_', '-')}")
        for name, value in flags.items()
        if value is not None
    }


def _coerce(name: str, value: Any, place: str, cwd: Path) -> Any:
    """Text of an environment variable, or a TOML value, to the setting's type."""
    types = {f.name: str(f.type) for f in fields(Settings) if f.name != "sources"}
    if name not in types:
        raise WrongUse(f"{place}: there is no setting {name!r}; `plateau config show` lists them.")
    if "Path" in types[name]:
        if not isinstance(value, str | Path) or not str(value):
            raise WrongUse(f"{place}: {name} must be a path.")
        return (cwd / Path(str(value)).expanduser()).resolve()
    if types[name] == "int":
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]+", value.strip()):
            return int(value)
        raise WrongUse(f"{place}: {name} must be a whole number.")
    if not isinstance(value, str):
        raise WrongUse(f"{place}: {name} must be a text.")
    return value


def _one_of(name: str, value: str, allowed: Any, sources: Mapping[str, str]) -> None:
    if value not in allowed:
        place = sources.get(name, "default")
        raise WrongUse(f"{place}: {name} must be one of {', '.join(allowed)}.")
