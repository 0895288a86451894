"""Rows that code of Java and Kotlin hands to what writes them: sent by a client, made here by a key, handed in."""

from __future__ import annotations

import re
from functools import lru_cache

from lints.extract.chains import jvm_text
from lints.extract.chains.parts import Asked, Begun
from lints.extract.chains.reassigned import REASSIGNED
from lints.extract.values import Gap, Step
from lints.patterns import regex

_OF_STORE = {
    "save": "save", "saveAll": "save", "saveAndFlush": "save", "update": "update", "updateAll": "update",
    "delete": "delete", "deleteAll": "delete", "remove": "delete", "merge": "update", "saveOrUpdate": "update",
}  # fmt: skip
"""What calls do with a row: `save` makes it or changes it, by the key that it comes with."""
_OF_MANAGER = {
    "persist": "save", "merge": "update", "update": "update", "saveOrUpdate": "update", "remove": "delete",
    "delete": "delete",
}  # fmt: skip
_MANAGER = regex(
    r"(?:^|[.\s])(?:\w*[sS]ession(?:\(\))?|em|[eE]ntityManager|(?:get)?EntityManager\(\)|getCurrentSession\(\)|openSession\(\)"
    r"|unwrap\((?:\w+\.)*Session(?:\.class|::class\.java)\))$"
)
_TYPED = regex(rb"\b(?:EntityManager|StatelessSession|Session)\s+(\w{1,60})\s*[;=,)]")
_TYPED_AFTER = regex(rb"\b(\w{1,60})\s{0,4}:\s{0,4}(?:EntityManager|StatelessSession|Session)\b")
_TEMPLATE = regex(r"(?:^|\.)(?:\w*[tT]emplate|DB|[eE]bean|\w*[dD]atabase|[eE]beanServer)$")
_ARGUMENT = regex(r"\s*(\w+)\s*(?:,\s*\w+\.(?:class|::class).*)?\s*")
_HEAD = regex(
    r"^[ \t]*(?:@\w+(?:\([^()\n]{0,200}\))?[ \t]+){0,6}(?:(?:public|private|protected|static|final|open|override"
    r"|suspend|abstract|internal|default|synchronized|<[^<>\n]{1,60}>)[ \t]+){0,6}(?:fun[ \t]+"
    r"|(?:[A-Z][\w.]{0,60}(?:<[^;{}()\n]{1,120}>)?(?:\[\])?|void|int|long|boolean)[ \t]+)\w+[ \t]*\(",
    re.MULTILINE,
)
_SENT = regex(r"@(?:RequestBody|Body|ModelAttribute|RequestPart)\b")
_RECEIVES = regex(r"@(?:PUT|POST|PATCH)\b")
_GIVEN = regex(r"\s*=(?!=)\s*(?:new\s+)?(?:\w+\.)*([A-Z]\w*)\s*(?:<[^<>]{0,40}>)?\s*\(")
_EMPTY = regex(r"\s*=(?!=)\s*(?:new\s+)?[A-Z][\w.]*(?:<[^<>]{0,40}>)?\(\s*\)\s*(?:;|\n)")
_SETTER = regex(r"\s*\.\s*(?:set([A-Z]\w*)\(|(\w+)\s*=(?!=))")
_MADE = regex(r"\s*(?:new\s+)?(?:\w+\.)*([A-Z]\w*)\s*(?:<[^<>]{0,40}>)?\(\s*\)")
_CALL = r"\(((?:[^()]|\((?:[^()]|\([^()]{0,200}\)){0,80}\)){0,400})\)"
_BUILT = regex(r"\s*(?:\w+\.)*([A-Z]\w*)\.builder\(\)([\s\S]{0,1500}?)\.\s*build\(\)\s*;?\s*")
_BUILDS = regex(r"\.\s*(\w+)\s*" + _CALL)
_NAMED = regex(r"\s*(?:\w+\.)*([A-Z]\w*)" + _CALL + r"\s*")
_MAPPED = regex(r"(?:\w+\.)*\w*(?:[mM]apper|[cC]onverter|[aA]ssembler|BeanUtils?)(?:\.\w+)?\.\w+\(")
"""What makes a row of what a client sent, its key too."""
_PART = regex(r"\s*(\w+)\s*=(?!=)\s*([\s\S]+)")
_NEW_KEY = r"(?:null\b|(?:\w+\.)*(?:new|random|next|gen|Gen|fast|simple|create|Ulid|ULID|Nano|Id[A-Z])\w*[.(])"
_KEYED = regex(r"(?:^\{|; )id = (?!" + _NEW_KEY + ")")
_GIVES = regex(
    r"\.\s*(?:set([A-Z]\w*)\(\s*|(\w+)\s*=(?!=)\s*)"
    r"(\w*(?:[dD]to|DTO|[rR]eq|[rR]equest|[cC]ommand|[cC]md|[fF]orm|[bB]ody|[pP]ayload|[iI]nput|VO|[vV]o)"
    r"(?:\.\w+(?:\(\))?)+)\s*[);\n]"
)
"""What a row is given that a client sent: `boat.setTenantId(dto.getTenantId())`."""
_MAX_HEAD, _MAX_USES = 1500, 60


def begun(asked: Asked, store: str | None) -> Begun | None:
    """A row that a call writes as a whole; `store`: the type of what the call is made on, if it may be a repository.

    A row that is loaded is judged where that is, and one that a method of the same class hands on where it begins.
    """
    call, notes = asked.call, asked.interpreter.notes
    of_manager = _OF_MANAGER.get(call.method) if call.receiver is not None else None
    if of_manager is not None and not is_manager(asked):
        of_manager = None
    verb = of_manager or (_OF_STORE.get(call.method) if store is not None else None)
    if not verb or not call.arguments:
        return None
    given = notes.text(call.arguments_span)[1:-1][:2000]
    said = _ARGUMENT.fullmatch(given) if len(given) < 300 else None
    if verb == "save" and (fields := _new(asked, given)) is not None:
        how = "saveMade" if call.method != "persist" and _KEYED.search(fields[1]) is not None else "saveNew"
        step = Step(how, (Gap(fields[1], call.arguments_span),), {}, call.span)
        return Begun("whole", f"{store}@{fields[0]}" if of_manager is None else fields[0], (step,))
    if said is None:
        return None
    how, kind = _origin(asked, said.group(1))
    if not how and verb != "delete":
        return _given(asked, said.group(1), store if of_manager is None else None)
    if not how or (verb == "save" and how == "Handed"):  # which may be a new one
        return None
    step = Step(f"{verb}{how}", (Gap(said.group(1), call.arguments_span),), {}, call.span)
    return Begun("whole", f"{store}@{kind}" if of_manager is None else kind, (step,))


def _new(asked: Asked, given: str) -> tuple[str, str] | None:
    """(class, `{name = value; …}`) of a row that is made here: by its setters, a builder, a constructor of Kotlin."""
    text = given.strip()
    if text.isidentifier():
        around = inside(jvm_text.before(asked.interpreter.notes.source, asked.call.span[0]))
        made = list(re.finditer(rf"(?<![\w.]){text}\s*(?::[^=\n;]{{1,60}})?=(?!=)\s*", around))
        if not made:
            return None
        rest = around[made[-1].end() :]
        empty = _MADE.match(rest)
        if empty is not None:
            fields = written(asked, text)
            return (empty.group(1), fields) if fields.startswith("{") and len(fields) > 2 else None
        text = rest[: jvm_text.statement(rest, 0)]
        later = [one for one in re.finditer(rf"(?<![\w.]){given.strip()}(?!\w)", rest) if one.start() > len(text)]
        if _MAPPED.match(text) is not None:
            return _mapped(around[: made[-1].start()], rest, later)
        if any(_SETTER.match(rest, one.end()) is not None for one in later[:_MAX_USES]):
            return None
    built = _BUILT.fullmatch(text)
    if built is not None:
        parts = [f"{name} = {value.strip()}" for name, value in _BUILDS.findall(built.group(2)) if ";" not in value]
        return built.group(1), "{" + "; ".join(parts) + "}"
    named = _NAMED.fullmatch(text) if asked.interpreter.language == "kotlin" else None
    listed = [_PART.fullmatch(part) for part in jvm_text.arguments(named.group(2))] if named is not None else []
    if named is None or not listed or None in listed or any(";" in part.group(2) for part in listed if part):
        return None
    parts = [f"{part.group(1)} = {part.group(2).strip()}" for part in listed if part is not None]
    return named.group(1), "{" + "; ".join(parts) + "}"


def _mapped(before: str, rest: str, uses: list[re.Match[str]]) -> tuple[str, str] | None:
    """(class, `{?; name = value; …}`) of a row that is made of what a client sent, and of what it is given since."""
    typed = re.search(r"(?<![\w.])([A-Z]\w*)\s*\Z", before)
    parts = ["?"]
    for use in uses[:_MAX_USES]:
        setter = _SETTER.match(rest, use.end())
        if setter is not None and setter.group(1):
            value = rest[setter.end() : jvm_text.closes(rest, setter.end() - 1)].strip()
            parts += [f"{setter.group(1)[:1].lower()}{setter.group(1)[1:]} = {value}"] if ";" not in value else []
    return (typed.group(1), "{" + "; ".join(parts) + "}") if typed is not None and len(parts) > 1 else None


def _given(asked: Asked, name: str, store: str | None) -> Begun | None:
    """What a row that was loaded is given of what a client sent before it is saved."""
    before = jvm_text.before(asked.interpreter.notes.source, asked.call.span[0])
    around, where = inside(before), asked.call.span
    if f"{name}." not in around or not jvm_text.loaded(around, name):
        return None
    given: list[Gap] = []
    for use in list(re.finditer(rf"(?<![\w.]){name}(?=\s*\.)", around))[:_MAX_USES]:
        set_to = _GIVES.match(around, use.end())
        if set_to is not None:
            said = set_to.group(1) or set_to.group(2)
            given.append(Gap(f"{said[:1].lower()}{said[1:]}={set_to.group(3)}", where))
    typed = list(re.finditer(rf"(?<![\w.])([A-Z]\w*)\s+{name}\s*=(?!=)", around))
    kind = typed[-1].group(1) if typed else ""
    if not given or not (kind or store):
        return None
    return Begun(
        "whole", f"{store}@{kind}" if store is not None else kind, (Step(REASSIGNED, tuple(given), {}, where),)
    )


def written(asked: Asked, name: str) -> str:
    """What is written of a row: `{name = dto.getName(); tenantId = tenant}` of one that is made here by its setters,
    else its name alone."""
    before = jvm_text.before(asked.interpreter.notes.source, asked.call.span[0])
    if not name.isidentifier():
        return name
    around = inside(before)
    made = [found for found in re.finditer(rf"(?<![\w.]){name}(?!\w)", around) if _EMPTY.match(around, found.end())]
    if not made:
        return name
    after = around[made[-1].end() :]
    parts: list[str] = []
    uses = list(re.finditer(rf"(?<![\w.]){name}(?!\w)", after))
    if len(uses) > _MAX_USES:
        return name
    for use in uses:
        setter = _SETTER.match(after, use.end())
        if setter is None:
            return name  # handed to something that may fill it
        end = jvm_text.closes(after, setter.end() - 1) if setter.group(1) else after.find("\n", setter.end())
        value = after[setter.end() : end].strip()
        said = setter.group(1) or setter.group(2)
        if ";" in value:
            return name
        parts.append(f"{said[:1].lower()}{said[1:]} = {value}")
    return "{" + "; ".join(parts) + "}"


def inside(before: str) -> str:
    """What stands before a place in its method."""
    heads = list(_HEAD.finditer(before))
    return before[heads[-1].start() :] if heads else before


def required(before: str, name: str) -> bool:
    """Whether a method has made sure that a value is there: `Objects.requireNonNull(tenant)`."""
    spelled = re.escape(name)
    found = re.search(
        rf"\b(?:requireNonNull|requireNotNull|checkNotNull|notNull|hasText|notBlank|notEmpty)\(\s*{spelled}\s*[,)]"
        rf"|\bif\s*\(\s*(?:{spelled}\s*==\s*null|(?:\w+\.)?is(?:Null|Blank|Empty)\(\s*{spelled}\s*\))\s*\)\s*\{{?\s*(?:throw|return)\b",
        inside(before),
    )
    return found is not None


def is_manager(asked: Asked) -> bool:
    last = asked.path.rpartition(".")[2]
    notes = asked.interpreter.notes
    written = notes.text(asked.call.receiver.span)[-60:] if asked.call.receiver is not None else ""
    if last in managers(notes.source) or _MANAGER.search(written) is not None:
        return True
    return _TEMPLATE.search(asked.path) is not None and any(
        word in notes.source for word in (b"R2dbc", b"Aggregate", b"bean")
    )


@lru_cache(maxsize=8)
def managers(source: bytes) -> frozenset[str]:
    """What is declared to be an entity manager, or a session, of this file."""
    if b"EntityManager" not in source and b"Session" not in source:
        return frozenset()
    return frozenset(name.decode() for name in (*_TYPED.findall(source), *_TYPED_AFTER.findall(source)))


def _origin(asked: Asked, name: str) -> tuple[str, str]:
    """(how a row comes, its class): `Sent`, `Made`, `Handed`; empty for one that is loaded, or comes otherwise."""
    before = jvm_text.before(asked.interpreter.notes.source, asked.call.span[0])
    if not name.isidentifier() or jvm_text.loaded(before, name):
        return "", ""
    heads = list(_HEAD.finditer(before))
    if not heads:
        return "", ""
    around = before[heads[-1].start() :]
    opened = around.find("(", heads[-1].end() - 1 - heads[-1].start())
    closed = jvm_text.closes(around, opened)
    given, body = around[opened + 1 : closed][:_MAX_HEAD], around[closed:]
    made = [found for found in re.finditer(rf"(?<![\w.]){name}(?!\w)", body) if _GIVEN.match(body, found.end())]
    if made:
        kind = _GIVEN.match(body, made[-1].end())
        keyed = re.search(rf"\b{name}\s*\.\s*(?:setId\(|id\s*=(?!=))\s*(?!{_NEW_KEY})", body[made[-1].end() :])
        return ("Made", kind.group(1)) if kind is not None and keyed is not None else ("", "")
    if re.search(rf"(?<![\w.]){name}\s*=(?!=)", body) is not None:
        return "", ""
    typed = re.search(rf"(?:\w+\.)*(\w+)\s*>?(?:\[\])?\s+{name}\s*(?:,|$)", given) or re.search(
        rf"(?<!\w){name}\s*:\s*(?:\w+<)?(?:\w+\.)*(\w+)", given
    )
    if typed is None:
        return "", ""
    start = max(given.rfind(",", 0, typed.start()), 0)
    marks = before[max(0, heads[-1].start() - 300) : heads[-1].start()].rpartition("}")[2] + heads[-1].group()
    sent = _SENT.search(given[start : typed.end()]) is not None
    if sent or (_RECEIVES.search(marks) is not None and "@" not in given[start : typed.start()]):
        return "Sent", typed.group(1)
    inside = re.search(r"\bprivate\b", heads[-1].group()) is not None
    return ("", "") if inside else ("Handed", typed.group(1))
