"""Where a query of CodeIgniter, Yii or Medoo begins, and which calls run it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from lints.extract.chains import laravel
from lints.extract.chains.parts import Asked, Begun
from lints.extract.ir import Invoke, Name, Text
from lints.extract.sqltext import names
from lints.extract.values import Gap, Listing, Lit, Query, Record, Step
from lints.patterns import regex

KINDS = frozenset({"codeigniter", "yii", "medoo"})
_IGNITED = names(
    "get getWhere get_where countAllResults count_all_results countAll count_all first find findAll findColumn update"
    " delete insert insertBatch insert_batch replace truncate emptyTable empty_table updateBatch update_batch paginate"
)
_BUILDS = names(
    "where orWhere or_where whereIn where_in orWhereIn or_where_in whereNotIn where_not_in like orLike or_like notLike"
    " not_like select selectCount selectMax select_max selectSum select_sum select_min select_avg distinct from join"
    " set"
    " limit offset orderBy order_by groupBy group_by having groupStart group_start orGroupStart or_group_start"
)
_MEDOO_READS = names("select get has count sum max min avg rand")
_MEDOO_WRITES = names("update delete insert replace")
_OF_RECORDS = names("find findOne findAll updateAll updateAllCounters deleteAll")
RUNS: Mapping[str, frozenset[str]] = {
    "codeigniter": _IGNITED,
    "medoo": _MEDOO_READS | _MEDOO_WRITES,
    "yii": names(
        "one all exists count sum average min max scalar column each batch findOne findAll updateAll updateAllCounters"
        " deleteAll"
    ),
}
_IN_CODEIGNITER = regex(
    rb"\bCodeIgniter\b|\bBASEPATH\b|\bextends\s+(?:CI_\w+|MY_\w+|BaseController|ResourceController)\b"
)
_IN_YII = regex(rb"\b[yY]ii\b|\bapp\\models\b")
_DATABASE = regex(r"(?:^|\.)(?:db|database|medoo)$", re.IGNORECASE)
_CLASS = regex(rb"^[ \t]*(?:(?:final|abstract)\s+)*class\s+(\w+)", re.MULTILINE)


@lru_cache(maxsize=4)
def _of_codeigniter(source: bytes) -> bool:
    return _IN_CODEIGNITER.search(source) is not None


@lru_cache(maxsize=4)
def _of_yii(source: bytes) -> bool:
    return _IN_YII.search(source) is not None


def begun(asked: Asked) -> Begun | None:
    """The query that a call of PHP begins with one of these; None for any other call."""
    call, source, path = asked.call, asked.interpreter.notes.source, asked.path
    first = asked.step.arguments[0] if asked.step.arguments else None
    if call.method in _OF_RECORDS and re.fullmatch(r"[A-Z]\w*|static|self", path) and _of_yii(source):
        if call.method != "find" or not call.arguments:
            return Begun("yii", _around(source, call) if path in {"static", "self"} else path, (asked.step,))
        return None
    made = call.receiver
    if isinstance(made, Invoke) and made.method == "Query" and made.receiver is None:
        return Begun("yii", "", (asked.step,)) if _of_yii(source) else None
    known = call.method in _BUILDS or call.method in _IGNITED
    if (known or call.method == "table") and _DATABASE.search(path) and _of_codeigniter(source):
        named = first.text if call.method == "table" and isinstance(first, Lit) else ""
        return Begun("codeigniter", named, (asked.step,)) if named or known else None
    if isinstance(first, Lit) and path and _DATABASE.search(path) and _of_medoo(asked):
        return Begun("medoo", first.text, (asked.step,))
    if known:
        model = _model(asked) if call.receiver is not None else ""
        return Begun("codeigniter", model, (asked.step,)) if model else None
    return None


def _of_medoo(asked: Asked) -> bool:
    given = asked.step.arguments
    if asked.call.method in _MEDOO_READS:
        return (
            len(given) > 1
            and isinstance(given[1], (Listing, Record, Lit))
            and not str(getattr(given[1], "text", "")).isdigit()
        )
    wrote = asked.call.method in _MEDOO_WRITES and len(given) > 1
    return wrote and b"edoo" in asked.interpreter.notes.source


def _model(asked: Asked) -> str:
    """The model of CodeIgniter that a call is made on: `$this`, `$boats = new BoatModel()`, `model('BoatModel')`."""
    call, notes = asked.call, asked.interpreter.notes
    if not _of_codeigniter(notes.source):
        return ""
    made = call.receiver
    if isinstance(made, Invoke):
        given = made.arguments[0] if made.method == "model" and made.arguments else None
        named = given.value if isinstance(given, Text) else given.path if isinstance(given, Name) else ""
        return named.removesuffix(".class").rpartition("\\")[2]
    if asked.path == "this":
        around = _around(notes.source, call)
        return around if around.endswith("Model") else ""
    label = asked.path.removeprefix("this.")
    name = laravel.held_model(notes.source, asked.path, call.span[0]).rpartition("\\")[2]
    if isinstance(asked.receiver, Gap) and not name.endswith("Model"):
        found = re.match(r"model\(\s*['\"]?\\?(?:\w+\\)*(\w+)", asked.receiver.origin or "")
        name = found.group(1) if found is not None else name
    if re.fullmatch(r"[a-z]\w*Model", label) and not name:
        name = label[:1].upper() + label[1:]
    return name if name.endswith("Model") else ""


def _around(source: bytes, call: Invoke) -> str:
    found = _CLASS.findall(source[: call.span[0]])
    return found[-1].decode() if found else ""


def anew(query: Query, call: Invoke) -> bool:
    """Whether a call begins another query on a connection or a model of CodeIgniter, whose last one has run."""
    last = query.steps[-1] if query.steps else None
    ran = isinstance(last, Step) and last.method in _IGNITED
    asks = call.method in _BUILDS or call.method in _IGNITED
    return query.kind == "codeigniter" and ran and asks and isinstance(call.receiver, Name)


def grows(begun: Query) -> bool:
    """Whether what a query begins on is the builder itself: `$this->db->where(…)`, but not `$this->db->table(…)`."""
    first = begun.steps[0] if begun.steps else None
    return begun.kind == "codeigniter" and isinstance(first, Step) and first.method != "table"
