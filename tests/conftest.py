"""Two workers: tests of one file stay together, and so do all that share the one real night."""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Group for `--dist loadgroup`, so that no worker repeats another's costly fixture."""
    for item in items:
        shared = "night" if "night" in item.fixturenames else item.path.name
        item.add_marker(pytest.mark.xdist_group(shared))
