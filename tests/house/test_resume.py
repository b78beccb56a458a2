"""`make test-all` goes on where it stood, and never on other code."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).parents[1] / "conftest.py"


def test_what_passed_is_left_out_until_a_byte_changes(tmp_path):
    (tmp_path / "tests").mkdir()
    shutil.copy(CONFTEST, tmp_path / "tests")
    (tmp_path / ".gitignore").write_text(".pytest_cache\n__pycache__\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    tests = tmp_path / "tests/test_two.py"
    tests.write_text("def test_good():\n    pass\n\n\ndef test_bad():\n    assert False\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)

    # Importing every installed plugin takes seconds.
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

    def run():
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "--resume"]
        done = subprocess.run(
            command, cwd=tmp_path, env=alone, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout.splitlines()[-1]

    assert "1 failed, 1 passed" in run()[1]
    assert "1 failed, 1 deselected" in run()[1]
    tests.write_text(tests.read_text().replace("assert False", "assert True"))
    assert "2 passed" in run()[1]
    code, said = run()
    assert code == 0 and "2 deselected" in said
