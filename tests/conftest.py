"""Two workers: tests of one file stay together, and so do files that share the one real night."""

import pytest
from xdist.scheduler import LoadScopeScheduling

SHARE_THE_NIGHT = (
    "test_automation.py",
    "test_nightly.py",
    "test_quality_commands.py",
    "test_rebuild_night.py",
    "test_runs.py",
    "test_ui.py",
)


class ByFile(LoadScopeScheduling):
    """Hand out whole files, so that no worker repeats another's costly fixture."""

    def _split_scope(self, nodeid):
        file = nodeid.split("::")[0]
        return "night" if file.endswith(SHARE_THE_NIGHT) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)
