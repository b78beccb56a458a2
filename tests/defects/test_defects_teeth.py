"""The fixtures bite: with a rule taken away, its fixture fails."""

import pytest
from harness.comparing import assert_caught
from harness.fixtures import load_all
from harness.running import findings, run

from expectations import contract, numbers
from orchestration.ingest import decoding, history

FIXTURES = {one.defect: one for one in load_all()}


def no_range(monkeypatch, folder):
    """A value of any size is taken."""
    monkeypatch.setattr(numbers, "_in_range", lambda value, column, repair: numbers.Ok(value))


def no_headers(monkeypatch, folder):
    """A line that holds no data is no concern."""
    monkeypatch.setattr(contract, "drop_lines_without_data", lambda *arguments: None)


def no_orphans(monkeypatch, folder):
    """A session needs no patient."""
    for path in history.RULES.glob("*.sql"):
        text = path.read_text(encoding="utf-8").replace("'orphan_session'", "null")
        (folder / path.name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(history, "RULES", folder)


def no_encodings(monkeypatch, folder):
    """Undecodable bytes are dropped."""
    monkeypatch.setattr(
        decoding, "as_utf8", lambda content: (content.decode(errors="ignore").encode(), "utf-8")
    )


@pytest.mark.parametrize(
    ("defect", "disable"),
    [(25, no_range), (21, no_headers), (47, no_orphans), (6, no_encodings)],
)
def test_without_its_rule_a_fixture_fails(defect, disable, tmp_path, monkeypatch):
    assert_caught(FIXTURES[defect], findings(run(FIXTURES[defect], tmp_path / "with")))
    (tmp_path / "rules").mkdir()
    disable(monkeypatch, tmp_path / "rules")
    with pytest.raises(AssertionError):
        assert_caught(FIXTURES[defect], findings(run(FIXTURES[defect], tmp_path / "without")))
