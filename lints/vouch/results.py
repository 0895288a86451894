"""What a query gives where it finds nothing, as far as its method says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto

from lints.patterns import regex


class Missing(Enum):
    """What stands for no row. `LIST` is an empty list, `THING` an object that is there all the same."""

    NULL = auto()
    UNDEFINED = auto()
    FALSE = auto()
    TRUE = auto()
    ZERO = auto()
    LIST = auto()
    THING = auto()
    ERROR = auto()
    CURSOR = auto()
    """An object whose rows are still to be fetched."""
    COUNT = auto()
    """One row, whose only value is how many there are: zero."""
    ANSWER = auto()
    """One row, whose only value says whether there is one: false."""
    BLANK = auto()
    """The empty value of its type in Go: an empty text or list, zero, nil."""


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEAVES: Mapping[str, frozenset[str]] = {
    "python": words(
        "one scalar_one aget_or_404 get_object_or_404 aget_object_or_404 get_or_404 first_or_404 one_or_404"
        " fetch_exactly_one"
    ),
    "javascript": words(
        "findUniqueOrThrow findFirstOrThrow findOneOrFail findOneByOrFail findOneOrThrow getOneOrFail"
        " executeTakeFirstOrThrow"
        " takeFirstOrThrow oneFirst findOrFail firstOrFail findByOrFail firstOrThrow getOrThrow orThrow"
    ),
    "go": words("FirstX OnlyX GetX MustGet MustFirst"),
    "java": words("orElseThrow getSingleResult queryForObject fetchSingle fetchOptionalOrThrow getOrThrow"),
    "kotlin": words("orElseThrow getSingleResult queryForObject fetchSingle getOrThrow single getOne"),
    "c_sharp": words(
        "Single SingleAsync First FirstAsync QuerySingle QuerySingleAsync QueryFirst QueryFirstAsync Last LastAsync"
    ),
    "ruby": words("find_by! first! take! last! find_sole_by sole find_by_id! friendly!"),
    "php": words("findOrFail firstOrFail sole findOr firstOr findOneOrFail getSingleResult getSingleScalarResult"),
}
_LEAVES_OF_KIND: Mapping[str, frozenset[str]] = {
    "django": words("get aget"),
    "active_record": words("find"),
    "tortoise": words("get"),
    "prisma": words("update delete"),
}
_NULL: Mapping[str, frozenset[str]] = {
    "python": words(
        "fetchone first one_or_none scalar_one_or_none scalar get_or_none afirst last alast fetchrow fetch_one fetchval"
        " fetch_val find_one get aget_or_none"
    ),
    "javascript": words(
        "findFirst findUnique findOne findOneBy findByPk findById getOne maybeSingle oneOrNone maybeOne getRawOne"
        " findOneById getFirst"
    ),
    "java": words(
        "selectOne fetchOne fetchAny selectById getById getOne findOne uniqueResult firstOrNull singleOrNull find"
    ),
    "c_sharp": words(
        "FirstOrDefault FirstOrDefaultAsync SingleOrDefault SingleOrDefaultAsync Find FindAsync LastOrDefault"
        " LastOrDefaultAsync QueryFirstOrDefault QueryFirstOrDefaultAsync QuerySingleOrDefault"
        " QuerySingleOrDefaultAsync ExecuteScalar ExecuteScalarAsync"
    ),
    "ruby": words("find_by first take last pick find_by_id find_by_uuid get_first_row get_first_value second"),
    "php": words(
        "first find value findOneBy getOneOrNullResult fetch_assoc fetch_object fetch_row fetch_array selectOne"
    ),
}
_UNDEFINED: Mapping[str, frozenset[str]] = {"javascript": words("first executeTakeFirst get pluck takeFirst")}
_FALSE: Mapping[str, frozenset[str]] = {
    "python": words("exists aexists"),
    "javascript": words("exists exist"),
    "go": words("Exist ExistX Exists"),
    "java": words("exists fetchExists"),
    "c_sharp": words("Any AnyAsync"),
    "ruby": words("exists? any? present?"),
    "php": words("exists fetch fetchAssociative fetchNumeric fetchOne fetchObject fetchColumn fetchAssoc"),
}
_ZERO: Mapping[str, frozenset[str]] = {
    "python": words("count acount"),
    "javascript": words("count countDocuments"),
    "java": words("fetchCount selectCount count executeUpdate"),
    "c_sharp": words("Count CountAsync LongCount LongCountAsync ExecuteNonQuery ExecuteNonQueryAsync"),
    "ruby": words("count"),
    "php": words("count rowCount"),
}
_LIST: Mapping[str, frozenset[str]] = {
    "python": words("fetchall all fetch fetch_all filter exclude values values_list scalars"),
    "javascript": words(
        "findMany findAll find many manyOrNone any all getMany findBy select where limit returning $queryRaw"
        " $queryRawUnsafe sql"
        " orderBy innerJoin leftJoin"
    ),
    "php": words("fetchAll fetchAllAssociative getResult getArrayResult findBy"),
    "java": words("query getResultList queryForList selectList list findAll"),
    "c_sharp": words("ToList ToListAsync ToArray ToArrayAsync"),
}
SYNCHRONOUS = words("get all run pluck iterate sole")
"""Methods of JavaScript's libraries that give no promise."""
_ERRS = words("QueryRow QueryRowContext QueryRowx QueryRowxContext Get GetContext First Take Last One Only NamedGet")
"""Methods of Go's libraries that give an error where they find nothing; the others give an empty list."""


def family(language: str) -> str:
    if language in {"typescript", "tsx", "javascript"}:
        return "javascript"
    return "java" if language == "kotlin" else language


def leaves(language: str, kind: str, methods: tuple[str, ...]) -> bool:
    """Whether a call raises where it finds nothing."""
    own = leaving(language)
    if "catch" in methods:
        return False
    if kind in _LEAVES_OF_KIND and methods and methods[-1] in _LEAVES_OF_KIND[kind]:
        return True
    return any(method in own for method in methods)


def leaving(language: str) -> frozenset[str]:
    """The methods of a language's libraries that raise where there is nothing."""
    return _LEAVES.get(language) or _LEAVES.get(family(language), frozenset())


def errs(methods: tuple[str, ...]) -> bool:
    """Whether the error of a call in Go says that nothing was found."""
    return any(method in _ERRS for method in methods)


def given(language: str, methods: tuple[str, ...]) -> Missing:
    """What a call gives where it finds nothing."""
    speech = family(language)
    last = methods[-1] if methods else ""
    for table, meant in (
        (_NULL, Missing.NULL),
        (_UNDEFINED, Missing.UNDEFINED),
        (_FALSE, Missing.FALSE),
        (_ZERO, Missing.ZERO),
        (_LIST, Missing.LIST),
    ):
        if last in table.get(speech, frozenset()):
            return meant
    if last == "doesntExist":
        return Missing.TRUE
    if speech in {"java", "kotlin"} and re.match(r"(?:find|get|select|load|query)(?!\w*(?:All|List))(?!$)", last):
        return Missing.NULL
    return Missing.THING


_STEP = regex(
    r"\s*(?:(?P<item>(?:\?\.)?\[0\]|\.at\(0\)|\.shift\(\)|\.pop\(\)|\.\[0\])|[?!]*(?:\.|->|\?->)\s*"
    r"(?P<word>[A-Za-z_]\w*[?!]?)"
    r"(?P<call>\s*\((?P<args>[^()]*)\))?"
    r"|(?P<nothing>!|\s*(?:\?\?|\|\|)\s*(?:null|undefined|nil|None)\b|\s*as\s+[\w.<>\[\]| ]+))"
)
_SIZES = words(
    "length size count Count rowCount rowcount affectedRows rowsAffected numAffectedRows RowsAffected LongLength"
)
_KEEPS = words("executeQuery execute query getResultSet get_result mappings unique")
_FIRST = words("first shift pop head First")


ANSWERS: Mapping[Missing, Missing] = {Missing.COUNT: Missing.ZERO, Missing.ANSWER: Missing.FALSE}
_VALUES = words(
    "scalar scalar_one scalar_one_or_none fetchval fetch_val fetchColumn fetchOne value getInt getLong getBoolean"
    " getSingleResult queryForObject ExecuteScalar ExecuteScalarAsync oneFirst get_first_value selectOne"
)
"""Methods that give the only value of the only row."""
_TAKEN = regex(
    r"\[\s*(?:(?P<first>0)|['\"]\w+['\"])\s*\]|[?!]*(?:\.|->|\?->)\s*(?P<word>[A-Za-z_]\w*)(?P<call>\s*\([^()]*\))?"
)
_ROWS = words(
    "rows data results recordset Items first fetchone fetch one at next shift pop fetchAssociative fetch_assoc"
)

_LISTED = words("javascript typescript tsx")


def answered(held: Missing, language: str, methods: tuple[str, ...]) -> Missing:
    """What a call gives that runs `SELECT count(*)` or `SELECT EXISTS (…)`."""
    return ANSWERS[held] if methods and methods[-1] in _VALUES else held


def _answer(held: Missing, language: str, trailing: str) -> Missing | None:
    """What is left of the one row of such a query."""
    for count, found in enumerate(_TAKEN.finditer(trailing)):
        word = found.group("word")
        if word in _SIZES and (word not in {"count", "Count"} or (not count and language in _LISTED)):
            return None  # of rows: there is always one
        if held not in ANSWERS or (word in _VALUES and found.group("call") is None and word != "value"):
            return None
        kept = word in _ROWS if word is not None else found.group("first") is not None and language != "python"
        held = held if kept else ANSWERS[held]
    return held if not _TAKEN.sub("", trailing).strip(" !)(") else None


def after(held: Missing, language: str, trailing: str) -> Missing | None:
    """What is left of a result after further accesses, as written; None if that can't be said."""
    position, speech = 0, family(language)
    trailing = trailing.strip()
    if held in ANSWERS:
        return _answer(held, language, trailing)
    while position < len(trailing):
        found = _STEP.match(trailing, position)
        if found is None or found.end() == position:
            return None
        position = found.end()
        word = found.group("word")
        if found.group("nothing") is not None:
            continue
        if found.group("item") is not None or (word in _FIRST and held in {Missing.LIST, Missing.THING}):
            held = Missing.UNDEFINED
        elif word in _SIZES:
            held = Missing.ZERO
        elif word in {"rows", "Items", "data", "results", "recordset"} and found.group("call") is None:
            held = Missing.LIST
        elif word in {"isPresent", "present?", "any?", "Any", "HasValue", "next", "Next", "Read", "exists"}:
            held = Missing.FALSE
        elif word in {"isEmpty", "empty?", "blank?", "nil?", "none?", "isNotFound", "IsEmpty"}:
            held = Missing.TRUE
        elif found.group("call") is not None:
            if held is Missing.CURSOR and word in _KEEPS:
                continue
            if word == "orElse":
                held = Missing.NULL if "null" in (found.group("args") or "") else Missing.THING
            else:
                told = given(speech, (word or "",))
                if told is Missing.THING:
                    return None
                held = told
        else:
            return None
    return held
