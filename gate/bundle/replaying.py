"""Decide again from what lies in a release bundle: same evidence, policy and clock must give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from attestations import strict_json
from attestations.strict_json import shown
from gate import __version__, bundle
from gate.bundle import release
from gate.model import Artifact, Decision, GateError, Stage, Subject, UndecidedError, Unread
from gate.reading import parse_time

if TYPE_CHECKING:
    from gate.run import Judgement

_RULES = "rules/"


@dataclass(frozen=True, slots=True)
class Files:
    """Files in memory as a tree to load a policy from (see `gate.tree.Tree`)."""

    files: Mapping[str, bytes]
    origin: str

    def paths(self) -> Sequence[str]:
        return sorted(self.files)

    def unread(self) -> Sequence[Unread]:
        return ()

    def read(self, path: str, *, limit: int = 64 << 20) -> bytes:
        if path not in self.files:
            raise FileNotFoundError(path)
        data = self.files[path]
        if len(data) > limit:
            raise GateError(f"{path}: larger than {limit:,} bytes")
        return data


def policy_trees(files: Mapping[str, bytes], origin: str) -> tuple[Files, Files]:
    """The files of a sealed policy as the project's tree and the tree of built-in rules it was loaded with."""
    from gate.policy import CONFIG
    from gate.reading import read_yaml

    if CONFIG not in files:
        raise GateError(f"{CONFIG}: not in the policy of the bundle")
    packs = read_yaml(files[CONFIG], CONFIG).value.get("packs", ())
    prefixes = tuple(f"{_RULES}{pack}/" for pack in packs)
    builtin = {name: data for name, data in files.items() if prefixes and name.startswith(prefixes)}
    own = {name: data for name, data in files.items() if name not in builtin}
    return Files(own, origin), Files({n.removeprefix(_RULES): d for n, d in builtin.items()}, "the bundle's rules")


def decide_again(files: Mapping[str, bytes]) -> Judgement:
    """The decision and the panels from a bundle's evidence, policy and clock. `files` must have been verified."""
    from gate import policy
    from gate.run import decide_and_draw

    recorded: Any = strict_json.loads(files[bundle.DECISION])
    about = recorded["subject"]
    tree, rules = policy_trees(release.policy_files(files), recorded["policy"]["origin"])
    loaded = policy.load(tree, builtin=rules, tool_version=recorded["tool"]["version"])
    return decide_and_draw(
        replace(loaded, signer=recorded["policy"].get("signer")),  # what verifying compared with the signature
        Stage(recorded["stage"]),
        {evidence.kind: evidence for evidence in release.evidence_of(files)},
        parse_time(recorded["as_of"]),
        as_of_overridden=recorded["as_of_overridden"],
        subject=Subject(
            project=about["project"],
            commit=about["commit"],
            version=about["version"],
            artifacts=tuple(Artifact(name=a["name"], sha256=a["sha256"]) for a in about["artifacts"]),
        ),
        pipeline_id=recorded["pipeline"]["id"],
    )


def differences(files: Mapping[str, bytes], judged: Judgement) -> Iterator[str]:
    """Where the bundle says otherwise than the judgement: the first difference of each document, in words."""
    from gate.bundle.making import reports

    made = reports(judged.decision, judged.panels)
    for path in (bundle.DECISION, bundle.PANELS):
        if path not in files:
            yield f"{path}: not in the bundle"
        elif made[path] != files[path]:
            where = first_difference(strict_json.loads(files[path]), strict_json.loads(made[path]))
            yield f"{path}{where or ': written differently, though the values are equal'}"
    yield from _saasbom(files, judged.decision)
    for path in bundle.REPORTS:
        if made[path] != files.get(path):
            yield f"{path}: not the report of this decision"


def _saasbom(files: Mapping[str, bytes], decision: Decision) -> Iterator[str]:
    """Whether the SaaSBOM says of the integrations what the evidence does."""
    from attestations.statements import CYCLONEDX, read_binding
    from gate.bundle.making import saasbom_of

    if bundle.SAASBOM not in files:
        return  # verifying has seen that there need be none
    recorded = strict_json.loads(files[bundle.SAASBOM])
    binding = read_binding({"predicateType": CYCLONEDX, "predicate": recorded})
    again = saasbom_of(decision, binding, rehearsed_at=parse_time(recorded["metadata"]["timestamp"])) or b"{}"
    if again != files[bundle.SAASBOM]:
        where = first_difference(recorded, strict_json.loads(again))
        yield f"{bundle.SAASBOM}{where or ': written differently, though the values are equal'}"


def replay(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The differences; none means that the bundle's decision follows from its evidence.

    Raises UndecidedError when another version of the tool made the bundle and decides otherwise: then either may be
    the reason, and only that version can tell.
    """
    recorded = strict_json.loads(files[bundle.DECISION])["tool"]["version"]
    try:
        found = tuple(differences(files, decide_again(files)))
    except GateError as error:
        found = (f"the policy in the bundle does not load: {error}",)
    if found and recorded != __version__:
        if all(not difference.startswith((bundle.DECISION, "the policy")) for difference in found):
            return ()  # the decision is the same; another version words its reports differently
        raise UndecidedError(
            f"made by tenantgate {recorded}; this is {__version__} and decides otherwise ({found[0]}): "
            f"replay it with {recorded}"
        )
    return found


def first_difference(recorded: Any, again: Any, path: str = "") -> str:
    """JSON pointer (RFC 6901) of the first place where two documents differ, and what stands there; empty if none."""
    if isinstance(recorded, dict) and isinstance(again, dict):
        for key in sorted(recorded.keys() | again.keys()):
            here = f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"
            if key not in recorded or key not in again:
                return f"{here}: only in the {'recorded' if key in recorded else 'repeated'} decision"
            if found := first_difference(recorded[key], again[key], here):
                return found
        return ""
    if isinstance(recorded, list) and isinstance(again, list):
        for index, (one, other) in enumerate(zip(recorded, again, strict=False)):
            if found := first_difference(one, other, f"{path}/{index}"):
                return found
        if len(recorded) != len(again):
            return f"{path}: {len(recorded)} items recorded, {len(again)} repeated"
        return ""
    if type(recorded) is not type(again) or recorded != again:
        return f"{path}: recorded {shown(recorded)}, repeated {shown(again)}"
    return ""
