"""Several files as one: whenever the process dies, the next finds the old or the new state."""

import pytest

from orchestration import exchange, faults, lock
from orchestration.exchange import Move

OLD, NEW = {"a": "old a", "b": "old b", "gone": "old"}, {"a": "new a", "b": "new b", "c": "new c"}


class Killed(BaseException):
    """Stands for SIGKILL: no code of ours catches it."""


def content(data):
    return {
        str(p.relative_to(data)): p.read_text("utf-8")
        for p in sorted(data.rglob("*"))
        if p.is_file() and p.name != ".lock"
    }


def begin(data):
    for name, text in OLD.items():
        (data / name).write_text(text, "utf-8")
    staged = exchange.staging(data)
    for name, text in NEW.items():
        (staged / name).write_text(text, "utf-8")
    exchange.commit(
        data,
        [
            Move("aside", str(data / "a"), str(data / "before" / "a")),
            *(Move("into_place", str(staged / n), str(data / n)) for n in NEW),
            Move("away", str(data / "gone")),
        ],
    )


MOMENTS = [(name, nth) for name in faults.EXCHANGE_POINTS for nth in range(1, 6)]


@pytest.mark.parametrize(("name", "nth"), MOMENTS)
def test_old_or_new_never_a_mix(tmp_path, monkeypatch, name, nth):
    passed = []

    def die(point):
        passed.append(point)
        if passed.count(name) == nth and point == name:
            raise Killed

    monkeypatch.setattr(faults, "listener", die)
    try:
        with lock.writing(tmp_path, "test"):
            begin(tmp_path)
    except Killed:
        pass
    monkeypatch.setattr(faults, "listener", None)
    with lock.writing(tmp_path, "the next one"):
        found = content(tmp_path)
    assert found in (OLD, NEW | {"before/a": "old a"})
    if "exchange_committed" not in passed:
        assert found == OLD
