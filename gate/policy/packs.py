"""Packs: which are enabled, what their folders hold, and the kinds of evidence that they define."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gate.model import GateError, Kind, Location
from gate.policy.formats import Source, format_schema
from gate.reading import Document, did_you_mean, read_json, read_yaml
from gate.tree import Tree, not_read


@dataclass(frozen=True, slots=True)
class Pack:
    name: str
    folder: str
    sources: tuple[Source, ...]
    kinds: tuple[str, ...]
    requires: tuple[str, ...]
    """The packs whose kinds its controls ask for."""
    limits: tuple[str, ...]
    defaults: Mapping[str, Any]
    """What a control of this pack says unless it says otherwise itself."""
    manifest: Document


def enabled(config: Document, builtin: Tree) -> list[str]:
    known = sorted({path.split("/", 1)[0] for path in builtin.paths() if path.endswith("/pack.yaml")})
    names = list(config.value["packs"])
    for index, name in enumerate(names):
        if name not in known:
            hint = did_you_mean(name, known) or f"; known packs: {', '.join(known)}"
            raise config.error(("packs", index), f"packs: unknown pack {name!r}{hint}")
    return names


def own_packs(config: Document, tree: Tree) -> list[str]:
    folders = []
    for index, root in enumerate(config.value.get("rules", ())):
        prefix = root.strip("/") + "/"
        for lost in not_read(tree, [f"{glob.escape(root.strip('/'))}/**"]):
            raise GateError(f"{lost.path}: a policy is made of regular files: {lost.reason}")
        inside = [p for p in tree.paths() if p.startswith(prefix) and p.endswith("/pack.yaml")]
        if not inside:
            raise config.error(("rules", index), f"rules: no pack.yaml under {root!r}")
        folders += [p.rsplit("/", 1)[0] for p in inside]
    return folders


def read_pack(tree: Tree, folder: str, prefix: str) -> Pack:
    """Read a pack's files. `prefix` distinguishes built-in packs in the digest and in locations."""
    inside = [p for p in tree.paths() if p.startswith(f"{folder}/")]
    for path in inside:
        for part, ending in (("controls", ".yaml"), ("schemas", ".json"), ("panels", ".yaml"), ("runbooks", ".md")):
            if path.startswith(f"{folder}/{part}/") and not path.endswith(ending):
                raise GateError(f"{prefix}{path}: not read; the files of {part}/ end with {ending}")
    # Templates are what a project starts from, not what it is judged by.
    books, templates = f"{folder}/runbooks/", f"{folder}/templates/"
    wanted = [
        p for p in inside if (p.endswith((".yaml", ".json")) and not p.startswith(templates)) or p.startswith(books)
    ]
    sources = tuple(Source(prefix + path, tree.read(path)) for path in wanted)
    by_name = {source.name: source.data for source in sources}
    manifest_name = f"{prefix}{folder}/pack.yaml"
    manifest = read_yaml(by_name[manifest_name], manifest_name)
    format_schema("pack").check(manifest)
    name = manifest.value["name"]
    if name != folder.rsplit("/", 1)[-1]:
        raise manifest.error(("name",), f"name: {name!r} is not the folder's name {folder.rsplit('/', 1)[-1]!r}")
    value = manifest.value
    return Pack(
        name, prefix + folder, sources, tuple(value.get("kinds", ())), tuple(value.get("requires", ())),
        tuple(value.get("limits", ())), value.get("defaults", {}), manifest,
    )  # fmt: skip


def check_requirements(packs: Sequence[Pack], config: Document) -> None:
    """What a pack requires is enabled. Raises GateError that says what to add."""
    there = {pack.name for pack in packs}
    enabled_here = list(config.value["packs"])
    for pack in packs:
        for index, name in enumerate(pack.requires):
            if name in there:
                continue
            said = f"the pack {pack.name} asks for evidence of the pack {name}; add {name} to packs in {config.name}"
            if pack.name in enabled_here:
                raise config.error(("packs", enabled_here.index(pack.name)), f"packs: {said}")
            raise pack.manifest.error(("requires", index), f"requires: {said}")


def kinds_of(packs: Sequence[Pack]) -> dict[str, Kind]:
    kinds: dict[str, Kind] = {}
    folders: dict[str, str] = {}
    for pack in packs:
        if folders.setdefault(pack.name, pack.folder) != pack.folder:
            raise pack.manifest.error(("name",), f"name: there is another pack {pack.name!r}: {folders[pack.name]}")
        data = {source.name: source.data for source in pack.sources}
        for index, name in enumerate(pack.kinds):
            path = f"{pack.folder}/schemas/{name}.json"
            if path not in data:
                raise pack.manifest.error(("kinds", index), f"kinds: {name!r} has no schema {path}")
            if name in kinds:
                raise pack.manifest.error(
                    ("kinds", index), f"kinds: {name!r} is already defined by pack {kinds[name].pack}"
                )
            schema = read_json(data[path], path).value
            if _refers(schema):
                raise GateError(f"{path}: $ref is not allowed in the schema of a kind; write the part out")
            kinds[name] = Kind(name=name, pack=pack.name, schema=schema, source=Location(path=path))
    return kinds


def _refers(schema: Any) -> bool:
    """Whether a schema refers to anything: with references, a page of schema can take for ever to check."""
    if isinstance(schema, Mapping):
        return bool({"$ref", "$dynamicRef", "$recursiveRef"} & set(schema)) or any(map(_refers, schema.values()))
    return isinstance(schema, list) and any(map(_refers, schema))
