"""What was not run is said loudly at the end; under CI it is an error."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from typing import Any

import hypothesis
import pytest

# A loaded machine is no failure: under CI hypothesis has this by itself.
hypothesis.settings.register_profile("anywhere", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("anywhere")

# The gate must behave the same in CI, at home and under `make test`: nothing of that setup reaches a test.
FOREIGN = (
    "GITHUB_",
    "GITLAB_",
    "GIT_",
    "GATE_",
    "BUILDKITE",
    "CIRCLE",
    "JENKINS",
    "FORCE_COLOR",
    "NO_COLOR",
    "MAKE",
    "MFLAGS",
)
for name in list(os.environ):
    if name.startswith(FOREIGN):
        del os.environ[name]

# One memory of scans for all processes of a test run, and none from before it.
_CACHE = "TENANTGATE_TEST_CACHE"
if _CACHE not in os.environ:
    os.environ[_CACHE] = tempfile.mkdtemp(prefix="tenantgate-cache-")
    atexit.register(shutil.rmtree, os.environ[_CACHE], ignore_errors=True)
os.environ["GATE_CACHE"] = os.environ[_CACHE]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With several workers the longest work begins first, or the others wait for it in the end."""
    if hasattr(config, "workerinput"):
        long = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: (item.get_closest_marker("xdist_group") is None, item.path not in long))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file is dealt out whole: its fixtures are made once, and 17,000 tests are not asked for one by one."""
    from xdist.scheduler import LoadGroupScheduling

    class Files(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            group = super()._split_scope(nodeid)
            return nodeid.partition("::")[0] if group == nodeid else group

    if config.getvalue("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False  # as ordered above, not by the number of tests
    return Files(config, log)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if skipped and os.environ.get("CI") and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section("NOT RUN", sep="!", red=True, bold=True)
        for report in skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            terminalreporter.line(f"{report.nodeid}: {reason.removeprefix('Skipped: ')}")
