"""Who runs the gate: the pipeline ID, read from the CI system's own environment."""

from __future__ import annotations

import re
from collections.abc import Mapping

LOCAL = "local"


def pipeline_id(environment: Mapping[str, str]) -> str:
    """A URL (or id) of this very run including its attempt; `local` outside CI. Never empty, never with spaces.

    GitHub Actions, GitLab CI, Jenkins, Azure Pipelines, Buildkite and CircleCI are recognised. The value is a claim of
    the environment; a Fulcio certificate confirms it where there is one.
    """
    for marker, build in _SYSTEMS:
        if environment.get(marker):
            found = build(environment)
            if found and re.fullmatch(r"[!-~]{1,1024}", found):
                return found
    return LOCAL


def _github(env: Mapping[str, str]) -> str:
    run, attempt = env.get("GITHUB_RUN_ID", ""), env.get("GITHUB_RUN_ATTEMPT", "1")
    server, repository = env.get("GITHUB_SERVER_URL", ""), env.get("GITHUB_REPOSITORY", "")
    return f"{server}/{repository}/actions/runs/{run}/attempts/{attempt}" if run and server and repository else ""


def _azure(env: Mapping[str, str]) -> str:
    server, project = env.get("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", ""), env.get("SYSTEM_TEAMPROJECTID", "")
    build = env.get("BUILD_BUILDID", "")
    return f"{server}{project}/_build/results?buildId={build}" if server and build else ""


_SYSTEMS = (
    ("GITHUB_ACTIONS", _github),
    ("GITLAB_CI", lambda env: env.get("CI_JOB_URL") or env.get("CI_PIPELINE_URL", "")),
    ("BUILDKITE", lambda env: env.get("BUILDKITE_BUILD_URL", "")),
    ("CIRCLECI", lambda env: env.get("CIRCLE_BUILD_URL", "")),
    ("TF_BUILD", _azure),
    ("JENKINS_URL", lambda env: env.get("BUILD_URL", "")),
)
