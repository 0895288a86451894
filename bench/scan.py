"""One scan in a process of its own, for `lint.py` to time: what `gate check` does for its code evidence."""

from __future__ import annotations

import argparse
import gc
import json
import resource
import sys
from pathlib import Path


def main() -> None:
    """List, read, hash, examine, judge: all but the controls."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--workers", type=int)
    arguments = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    gc.set_threshold(50_000)  # as the command does
    from gate.tree import WorkTree
    from lints.cache import Cache
    from lints.project import Project, scan_project

    tree = WorkTree(arguments.root)
    paths = tree.paths()
    project = Project(paths=paths, judged=frozenset(paths), read=tree.read, stamped=tree.stamp)
    with Cache(arguments.cache) as memory:
        found = scan_project(project, memory, workers=arguments.workers)
    peaks = [resource.getrusage(who).ru_maxrss >> 10 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    numbers = {**found.facts.numbers, "rows": len(found.facts.accesses), "parent_mib": peaks[0], "child_mib": peaks[1]}
    sys.stdout.write(json.dumps(numbers) + "\n")


if __name__ == "__main__":
    main()
