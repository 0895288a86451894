"""Build the Go clients that judge our attestations, once, outside the checkout. Says loudly what could not be built.

Run by `make interop`; needs Go and a module proxy. The sources are pinned by version and module digest.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 1800  # seconds for one client


@dataclass(frozen=True)
class Client:
    """A Go module and a command in it; `sum` is the module's digest as go.sum has it."""

    name: str
    module: str
    version: str
    sum: str
    command: str

    @property
    def executable(self) -> Path:
        return cache() / f"{self.name}-{self.version}"


CLIENTS = {
    "cosign": Client(
        "cosign", "github.com/sigstore/cosign/v3", "v3.1.2", "h1:AlWkztipzFHLGfLECkUwcC2a2EbpzKOsElge1vcRNcs=", "cmd/cosign"
    ),
    "slsa-verifier": Client(
        "slsa-verifier", "github.com/slsa-framework/slsa-verifier/v2", "v2.7.1",
        "h1:UofvmqdJysF8K13h42/NVD+7IFQjZBOWMDmfZsLUimw=", "cli/slsa-verifier",
    ),
}  # fmt: skip
SOURCES = CLIENTS | {
    "sigstore-go": Client(
        "sigstore-go",
        "github.com/sigstore/sigstore-go",
        "v1.2.1",
        "h1:YWP/rDbBaEBvtbkj6xtwsSj38ZCFEhTVVadNOXjVe3A=",
        "",
    )
}


class NotBuiltError(Exception):
    """Why a client is not there, in one line."""


def cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tenantgate" / "interop"


def build(client: Client) -> None:
    """Build a client as its own go.mod pins its dependencies. Raises NotBuiltError."""
    about = _download(client)
    wanted = re.search(r"^go .+$", Path(about["GoMod"]).read_text("utf-8"), re.MULTILINE)
    with tempfile.TemporaryDirectory(dir=cache()) as name:
        folder = Path(name)
        (folder / "go.mod").write_text(
            f"module interop\n\n{wanted[0] if wanted else ''}\n\nrequire {client.module} {client.version}\n"
        )
        _go("build", "-o", "built", f"{client.module}/{client.command}", folder=folder)
        (folder / "built").replace(client.executable)


def source(name: str) -> Path:
    """The folder of a module's source, in Go's own cache. Raises NotBuiltError."""
    return Path(_download(SOURCES[name])["Dir"])


def _download(client: Client) -> dict[str, str]:
    cache().mkdir(parents=True, exist_ok=True)
    module = f"{client.module}@{client.version}"
    about: dict[str, str] = json.loads(_go("mod", "download", "-json", module, folder=cache()))
    if about.get("Sum") != client.sum:
        raise NotBuiltError(f"{module} is not the module it was: {about.get('Sum') or about.get('Error')}")
    return about


def _go(*argv: str, folder: Path) -> str:
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        raise NotBuiltError("there is no Go")
    environment = {**os.environ, "GOTOOLCHAIN": "auto", "GOFLAGS": "-mod=mod"}
    try:
        done = subprocess.run(
            ["nice", "-n", "10", go, *argv], cwd=folder, env=environment, capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotBuiltError(f"go {argv[0]}: {error}") from None
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip() or "failed"
        why = re.search(r'"Error": "(.*)"', said)
        raise NotBuiltError(f"go {' '.join(argv[:2])}: {(why[1] if why else said.splitlines()[-1])[:300]}")
    return done.stdout


def main() -> int:
    """Exit 1 when a client is missing; the tests that need it then say so too."""
    missing = 0
    for client in CLIENTS.values():
        if client.executable.exists():
            print(f"{client.name} {client.version}: {client.executable}")
            continue
        print(f"{client.name} {client.version}: building it, once; this takes minutes", flush=True)
        try:
            build(client)
        except NotBuiltError as error:
            missing += 1
            print(f"!!! NOT RUN: {client.name} {client.version} could not be built: {error}", flush=True)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
