"""gate.yaml itself, and the files that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gate.model import GateError, Kind
from gate.policy.formats import CONFIG, Source, format_schema
from gate.reading import Document, did_you_mean, read_yaml
from gate.tree import Tree, select


def read_config(tree: Tree) -> tuple[Document, Source]:
    try:
        data = tree.read(CONFIG)
    except FileNotFoundError:
        raise GateError(f"{CONFIG}: not found in the {tree.origin}; `gate init` writes one") from None
    config = read_yaml(data, CONFIG)
    format_schema("gate_config").check(config)
    return config, Source(CONFIG, data)


def check_evidence(config: Document, kinds: Mapping[str, Kind]) -> None:
    for name in config.value.get("evidence", {}):
        if name not in kinds:
            raise config.error(
                ("evidence", name), f"evidence: unknown kind {name!r}{did_you_mean(name, sorted(kinds))}"
            )


def check_calendars(config: Document) -> None:
    from gate.calendars import read_calendar

    for name, value in config.value.get("calendars", {}).items():
        try:
            read_calendar(name, value)
        except ValueError as error:
            raise config.error(("calendars", name), f"calendars.{name}: {error}") from None


_CHECKED = (("tenancy",), ("source", "baseline"), ("tenants",))


def referenced(config: Document, tree: Tree) -> Iterator[Source]:
    """The files that gate.yaml names and that decide something: trust anchors, tenancy declarations, tenants …"""
    trust = config.value.get("trust", {})
    tenants = config.value.get("tenants")
    named = {
        ("trust", "keys"): trust.get("keys"),
        ("trust", "sigstore_root"): trust.get("sigstore_root"),
        ("trust", "layout"): trust.get("layout"),
        ("tenancy",): config.value.get("tenancy"),
        ("tenants",): tenants if isinstance(tenants, str) else None,
        ("source", "baseline"): config.value.get("source", {}).get("baseline"),
    }
    for path, name in named.items():
        if name is not None:
            try:
                data = tree.read(name)
            except FileNotFoundError:
                raise config.error(path, f"{'.'.join(path)}: the file {name!r} does not exist") from None
            if path in _CHECKED:
                format_schema(path[-1]).check(read_yaml(data, name))
            yield Source(name, data)
    patterns = config.value.get("patterns", {}).get("rules", ())
    for name in select(tree.paths(), [*config.value.get("playbooks", ()), *patterns]):
        yield Source(name, tree.read(name))
