"""dbt in a process of its own, started before it is needed: importing it takes seconds.

In process it would keep the warehouse file locked after its work. Started with a run, it imports
while the deliveries are read. This file is also the program of that process: it waits for one line
on its standard input, which says what to do, and ends unheard where none comes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module


class DbtProcess:
    """One call of dbt that can be prepared."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run dbt with these arguments, once; what it printed is the result's `stdout`."""
        asked = json.dumps({"arguments": list(arguments), "environment": dict(environment)})
        try:
            said, _ = self._process.communicate(asked + "\n")
        except BaseException:
            self.close()
            raise
        return subprocess.CompletedProcess(list(arguments), self._process.returncode, said)

    def close(self) -> None:
        """End the process, whatever it is doing; harmless where it has ended."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()


def main() -> None:
    """Import dbt, wait for the line, become that call of dbt."""
    sys.path.pop(0)  # this folder: its modules are no top-level names
    from dbt.cli.main import cli

    import_module("dbt.adapters.duckdb")  # dbt itself would once it has read the profile
    line = sys.stdin.readline()
    if not line:
        return
    asked = json.loads(line)
    os.environ.update(asked["environment"])
    cli(asked["arguments"], prog_name="dbt")


if __name__ == "__main__":
    main()
