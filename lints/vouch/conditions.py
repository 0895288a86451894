"""What a condition is worth where a query has found nothing: `!doc`, `rows.length === 0`, `err != nil`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from lints.patterns import regex
from lints.vouch.results import Missing, after, family

MAX_TEXT = 600
_ENDS = frozenset({" ", ")", "]"})
"""What stands before the question mark of a choice; after a word it belongs to a method of Ruby."""
_STRINGS = regex(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`")
_COMPARED = regex(
    r"(?P<left>.+?)\s*(?P<sign>===|!==|==|!=|<=|>=|<>|<|>|\bis\s+not\b|\bis\b)\s*(?P<right>.+)", re.DOTALL
)
_BLANK = '""'
_NOTHING = frozenset({"null", "nil", "None", "undefined", "NULL"})
_CALLED = regex(
    r"(?P<name>is_null|isNil|isNull|Objects\.isNull|Objects\.nonNull|empty|isset|_\.isEmpty|isEmpty|_\.isNil|len|count|sizeof|Boolean|bool"
    r"|CollectionUtils\.isEmpty|any|exists|isNotNull|isset|strings\.TrimSpace)\s*\((?P<inner>.*)\)",
    re.DOTALL,
)
_NO_ROWS = regex(
    r"(?:errors\.Is|xerrors\.Is|errors\.As|\w*\.?IsErrNotFound|\w*\.?IsNotFound|\w*\.?IsErrNoRows)\(\s*(\w+)(?:\.Error)?\s*(?:,\s*[&\w.]*(?:NoRows|NotFound|NoDocuments)\w*\s*)?\)"
)
_NO_ROWS_NAME = regex(r"[\w.]*(?:NoRows|NotFound|NoDocuments)\w*")
_ELSEWHERE = regex(r"([A-Za-z_]\w*)(?:\.\w+)+")
_OF_NOTHING = (
    r"nil\?|blank\?|present\?|presence|try!?|then|tap|to_\w+|is_a\?|instance_of\?|kind_of\?|respond_to\?|class|dup|hash"
    r"|inspect|object_id|frozen\?|itself|HasValue|GetValueOrDefault|isErr|isOk|isNone|isSome|ok|error|catch|finally"
)
"""What can be asked of nothing, or of a wrapper that is there all the same."""
_FAULTS = frozenset(["javascript", "python", "ruby", "c_sharp"])
"""Languages in which asking nothing for a part of it raises; in Java it may be an Optional."""
_NAME = regex(r"[$@]{0,2}([A-Za-z_]\w*)")


def when_missing(text: str, names: Mapping[str, Missing], language: str) -> bool | None:
    """The value of a condition where what `names` hold was not found; None if that can't be said."""
    if len(text) > MAX_TEXT or not any(name in text for name in names):
        return None
    strings: list[str] = []

    def kept(found: re.Match[str]) -> str:
        if len(found.group()) == 2:
            return _BLANK
        strings.append(found.group())
        return f"\x01{len(strings) - 1}\x01"

    return _value(_STRINGS.sub(kept, text).strip(), names, language, 0)


def faults(text: str, names: Mapping[str, Missing], language: str) -> bool:
    """Whether an expression raises where what `names` hold was not found: it begins with a part of that."""
    if family(language) not in _FAULTS:
        return False
    text = re.sub(r"^(?:[\s(!]|await\s|not\s)+", "", text)
    found = re.match(rf"([A-Za-z_]\w*)\.(?!(?:{_OF_NOTHING})(?!\w))\w", text)
    return found is not None and names.get(found.group(1)) in {Missing.NULL, Missing.UNDEFINED}


def _value(text: str, names: Mapping[str, Missing], language: str, depth: int) -> bool | None:
    if depth > 20:
        return None
    text = bare(text)
    for signs, combine in ((("||", "or"), _any), (("&&", "and"), _all)):
        parts = _split(text, signs)
        if parts is None:
            return None
        if len(parts) > 1:
            return combine([_value(part, names, language, depth + 1) for part in parts])
    if text.startswith("!") and not text.startswith("!="):
        return _negated(_value(text[1:], names, language, depth + 1))
    if re.match(r"not\b(?!\s*in\b)", text):
        return _negated(_value(text[3:], names, language, depth + 1))
    return _atom(text, names, language)


def _any(values: list[bool | None]) -> bool | None:
    if True in values:
        return True
    return False if all(value is False for value in values) else None


def _all(values: list[bool | None]) -> bool | None:
    if False in values:
        return False
    return True if all(value is True for value in values) else None


def _negated(value: bool | None) -> bool | None:
    return None if value is None else not value


def bare(text: str) -> str:
    """An expression without the parentheses around it."""
    text = text.strip()
    while text.startswith("(") and _closing(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text.removeprefix("await ").strip()


def _closing(text: str) -> int:
    depth = 0
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if not depth:
            return position
    return -1


def _split(text: str, signs: tuple[str, str]) -> list[str] | None:
    """The parts between operators that stand in no bracket; None where brackets do not match, or a choice is made."""
    sign, word = signs
    out: list[str] = []
    depth = start = position = 0
    while position < len(text):
        character = text[position]
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth < 0:
                return None
        elif depth == 0:
            asks = (
                character == "?" and text[position + 1 : position + 2] == " " and text[position - 1 : position] in _ENDS
            )
            if asks or text.startswith(("??", "?:"), position):
                return None
            width = len(sign) if text.startswith(sign, position) else 0
            if not width and (found := re.compile(rf"\b{word}\b").match(text, position)) is not None:
                before = text[position - 1 : position]
                width = found.end() - position if not (before.isalnum() or before in {".", "_"}) else 0
            if width:
                out.append(text[start:position])
                position += width
                start = position
                continue
        position += 1
    out.append(text[start:])
    return out if depth == 0 and all(part.strip() for part in out) else None


def _atom(text: str, names: Mapping[str, Missing], language: str) -> bool | None:
    found = _NO_ROWS.fullmatch(text)
    if found is not None:
        return True if names.get(found.group(1)) in {Missing.ERROR, Missing.THING} else None
    compared = _COMPARED.fullmatch(text)
    if compared is not None:
        return _comparison(compared.group("left"), compared.group("sign"), compared.group("right"), names, language)
    return _truth(held_in(text, names, language), language)


def held_in(text: str, names: Mapping[str, Missing], language: str) -> Missing | None:
    """What an expression holds."""
    text = bare(text)
    called = _CALLED.fullmatch(text)
    if called is not None:
        inner = held_in(called.group("inner"), names, language)
        return _ASKED[called.group("name").rpartition(".")[2]](inner, language) if inner is not None else None
    name = _NAME.match(text)
    if name is None or name.group(1) not in names:
        return None
    held = names[name.group(1)]
    rest = text[name.end() :].strip()
    if not rest:
        return held
    if language == "go" and rest in {".RowsAffected", ".RowsAffected()"}:
        return Missing.ZERO
    if held is Missing.ERROR:
        return Missing.ERROR if rest in {".Error", ".Err()"} else None
    if held in {Missing.NULL, Missing.UNDEFINED}:
        if re.match(r"\?\.|\?->|&\.", rest):
            return Missing.UNDEFINED
        if rest.replace("()", "") in {".isPresent", ".present?", ".HasValue"}:
            return Missing.FALSE
        if rest.replace("()", "") in {".isEmpty", ".nil?", ".blank?", ".IsEmpty"}:
            return Missing.TRUE
        return None
    return after(held, language, rest)


def _empty(held: Missing, language: str) -> Missing | None:
    return (
        Missing.TRUE if held in {Missing.NULL, Missing.UNDEFINED, Missing.FALSE, Missing.LIST, Missing.ZERO} else None
    )


def _null(held: Missing, language: str) -> Missing | None:
    return Missing.TRUE if held in {Missing.NULL, Missing.UNDEFINED} else None


def _there(held: Missing, language: str) -> Missing | None:
    return Missing.FALSE if held in {Missing.NULL, Missing.UNDEFINED} else None


def _trimmed(held: Missing, language: str) -> Missing | None:
    return held if held is Missing.BLANK else None


def _size(held: Missing, language: str) -> Missing | None:
    if held is Missing.BLANK:
        return Missing.ZERO
    return Missing.ZERO if held is Missing.LIST or (held is Missing.THING and language in {"go", "python"}) else None


def _bool(held: Missing, language: str) -> Missing | None:
    truth = _truth(held, language)
    return None if truth is None else Missing.TRUE if truth else Missing.FALSE


_ASKED: Mapping[str, Callable[[Missing, str], Missing | None]] = {
    "is_null": _null, "isNil": _null, "isNull": _null, "nonNull": _there, "isNotNull": _there, "isset": _there,
    "empty": _empty, "isEmpty": _empty, "len": _size, "count": _size, "sizeof": _size, "Boolean": _bool, "bool": _bool,
    "any": _bool, "exists": _bool, "TrimSpace": _trimmed,
}  # fmt: skip


def _truth(held: Missing | None, language: str) -> bool | None:
    if held in {Missing.NULL, Missing.UNDEFINED, Missing.FALSE}:
        return False
    if held is Missing.TRUE or held is Missing.ERROR:
        return True
    if held is Missing.ZERO:
        return language == "ruby"
    if held is Missing.LIST:
        return False if family(language) in {"python", "php"} else None
    return None  # there all the same, or so it seems


def _comparison(left: str, sign: str, right: str, names: Mapping[str, Missing], language: str) -> bool | None:
    left, right, sign = bare(left), bare(right), " ".join(sign.split())
    if left in _NOTHING or left == _BLANK or re.fullmatch(r"\d+|false|False|true|True", left):
        left, right = right, left
        sign = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(sign, sign)
    if sign == "is" and right.startswith("not "):
        sign, right = "is not", right[4:].strip()
    held = held_in(left, names, language)
    if held is None:
        return None
    equal: bool | None = None
    if held is Missing.BLANK:
        equal = True if right in {_BLANK, "nil", "0", "uuid.Nil"} else None
    elif right in _NOTHING:
        strict = sign in {"===", "!=="}
        if held in {Missing.NULL, Missing.UNDEFINED}:
            equal = None if strict and (right == "undefined") is not (held is Missing.UNDEFINED) else True
        elif held is Missing.FALSE and language == "php" and not strict:
            equal = True
        elif held is Missing.ERROR:
            equal = False
    elif right.replace(" ", "") == "{}" and sign in {"is", "is not"}:  # C#: there is an object
        equal = False if held in {Missing.NULL, Missing.UNDEFINED} else None
    elif right in {"false", "False", "true", "True"}:
        if held in {Missing.TRUE, Missing.FALSE}:
            equal = (held is Missing.TRUE) is (right.lower() == "true")
    elif held is Missing.ZERO and right.isdigit():
        number = int(right)
        ordered = {"<": number > 0, ">": False, "<=": True, ">=": number == 0}.get(sign)
        if ordered is not None:
            return ordered
        equal = number == 0
    elif held is Missing.ERROR and _NO_ROWS_NAME.fullmatch(right):
        equal = True
    elif held is Missing.UNDEFINED and (own := _ELSEWHERE.fullmatch(right)) is not None and own.group(1) not in names:
        equal = False  # what the code has of its own is there
    if equal is None:
        return None
    return equal if sign in {"==", "===", "is"} else not equal if sign in {"!=", "!==", "<>", "is not"} else None
