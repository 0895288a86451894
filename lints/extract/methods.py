"""What well-known calls do to text: joining, formatting, trimming, appending, and wrapping it as SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from string import Formatter
from typing import TYPE_CHECKING, TypeAlias

from lints.extract import builders, go_bob, go_jet, go_sqlbuilder, jvm_sqlbuilder
from lints.extract.ir import Invoke, Name, Percent, Span
from lints.extract.sqltext import EXECUTES, NEVER_EXECUTES, names
from lints.extract.values import (
    NOTHING,
    Alt,
    Fragment,
    Gap,
    Joined,
    Listing,
    Lit,
    Nothing,
    Record,
    Returned,
    Rope,
    Sized,
    Value,
    first_literal,
    is_text,
    literals,
    rope,
)
from lints.patterns import regex

if TYPE_CHECKING:
    from lints.extract.environment import Env
    from lints.extract.interpret import Interpreter

PLAIN_TAGS = names("raw dedent oneLine oneLineTrim stripIndent stripIndents outdent trimIndent")
"""Template tags that make a plain string."""

OTHER_TAGS = names(
    "gql graphql css html styled keyframes createGlobalStyle injectGlobal svg md markdown regex glsl i18n t msg"
    " defineMessage plural"
)
"""Template tags of other languages."""

_KEEP = names(
    "trim strip trimEnd trimStart rstrip lstrip trimIndent trimMargin stripIndent squish dedent toString to_s String"
    " str valueOf stripMargin strip_heredoc html_safe freeze dup intern chomp b as_string compile build toSql normalize"
    " cleandoc upcase downcase toLowerCase toUpperCase TrimSpace Trim TrimEnd TrimStart ToString lines decode encode"
)
"""Methods (or one-argument functions) whose text is the text they were given, as far as SQL goes."""

_LISTS = names("List asList listOf arrayOf mutableListOf ArrayList of Array list tuple from_iter")
_AS_SQL = names("raw Raw literal sql rawSql SQL text")
_WRAP = (
    names(
        "dedent cleandoc unsafeRaw RawSQL Composed String str sanitize_sql sanitize_sql_array squish StringBuilder"
        " sanitize_sql_for_conditions StringBuffer TrimSpace minify nativeQuery Rebind In sqltext prepareSql"
    )
    | _LISTS
    | _AS_SQL
)
_IDENTIFIER = names("Identifier identifier id ident ref quote_ident quoteIdentifier table quote_table_name")
_IDENTIFIER_HOLDERS = names("sql Prisma pgp as knex db connection")
_PARAMETER = names("Placeholder Literal param placeholder bindparam")
_APPEND = names(
    "push append add Add Append AppendLine appendLine unshift push_back plusAssign AppendFormat WriteString << insert"
    " prepend"
)
_APPEND_MANY = names("extend addAll AddRange push_all")
_SAME_LIST = names(
    "filter slice reverse sort flat compact uniq toList toArray ToList ToArray stream copy Where filterNotNull"
    " filter_map asSequence flatten values iter"
)
_EACH = names("map flatMap collect Select mapIndexed map_with_index mapNotNull each_with_index array_map")
_FORMAT_PERCENT = names("Sprintf sprintf vsprintf Fprintf formatted")
_BRACE = regex(r"\{\{|\}\}|\{(\d{1,4})(?:[,:][^{}]{0,40})?\}")
_PERCENT = regex(
    r"%(?:\((\w{1,64})\)|(\d{1,3})\$|\[(\d{1,3})\])?[-+ #0]*(?:\*|\d{1,4})?(?:\.(?:\*|\d{1,4}))?[hlLq]?([a-zA-Z%@])"
)
_VERBS = names(
    "select insert update delete with merge replace truncate copy set reset call exec execute do lock grant create"
    " alter drop refresh vacuum comment values table explain prepare declare match optional unwind foreach load profile"
    " begin start commit rollback savepoint use pragma print if"
)
_LEAD = (
    r"\s*(?:\{\s*(?:\?\s*=\s*)?(?=call\b))?"
    r"(?:--[^\n]*+(?:\n|\Z)\s*|//[^\n]*+(?:\n|\Z)\s*|/\*.*?(?:\*/|\Z)\s*|\(\s*|;\s*)*+"
)
_FIRST_WORD, _NO_WORD = regex(_LEAD + r"([A-Za-z]+)\b", re.DOTALL | re.IGNORECASE), regex(_LEAD, re.DOTALL)
_MAX_BEFORE = 8
_PROCEDURE = regex(r"(\w+)[\]\"]?\s*\Z")
_GO_RESULT = regex(rb"\bfunc\b[ \t]*(?:\([^()\n]*\)[ \t]*)?\w*\((?:[^()]|\([^()]*\)){0,400}\)([^{}]{0,200})\Z")
_GO_TEXT = regex(
    rb"\bstring\b|\bany\b|interface\b|map\[|\w*(?:Builder|Query|SQL|Sql|Dataset|Expression|Cond|Where|Filter)\w*"
    rb"|\.(?:Eq|And|Or)\b|Buffer|func\("
)
_RETURNS = regex(rb"\breturn\b|=>|\bend\b|=")


def verb_ahead(text: str) -> bool:
    """Whether a text begins with a word that can begin a statement."""
    found = _FIRST_WORD.match(text)
    return found is not None and found.group(1).lower() in _VERBS


def rank(method: str) -> int:
    """How much a call says that its text is executed: 3 a database's method, 2 unknown, -1 a logger or an assertion."""
    name = method.lower()
    return 3 if name in EXECUTES else -1 if name in NEVER_EXECUTES else 2


def procedure(interpreter: Interpreter, call: Invoke, value: Value) -> Value | None:
    """The statement that runs the stored procedure whose name a call of .NET is handed, in a schema or without."""
    if interpreter.language != "c_sharp" or "CommandType.StoredProcedure" not in interpreter.notes.text(
        call.arguments_span
    ):
        return None
    last = value.parts[-1] if isinstance(value, Rope) else value
    named = _PROCEDURE.search(last.text) if isinstance(last, Lit) else None
    return Lit(f"EXECUTE {named.group(1)}", call.span) if named is not None else None


def returns_text(source: bytes, span: Span) -> bool:
    """Whether it is worth following a function for what it returns: short, and it returns something.

    A body that is no block is an expression, which is what is returned.
    """
    short = span[1] - span[0] < 8_000
    declared = _GO_RESULT.search(source, max(0, span[0] - 600), span[0]) if short else None
    if declared is not None and _GO_TEXT.search(declared.group(1)) is None:
        return False  # Go says what a function gives
    return short and (source[span[0] : span[0] + 1] != b"{" or _RETURNS.search(source, span[0], span[1]) is not None)


def later_root(value: Value) -> Lit | None:
    """The literal that begins a text after comments, or after a leading gap such as `${comment} SELECT …`."""
    if not isinstance(value, Rope):
        return None
    before = ""
    for part in value.parts[:_MAX_BEFORE]:
        if isinstance(part, Lit):
            before += part.text
            if verb_ahead(before):
                return part
            if _NO_WORD.fullmatch(before) is None:
                return None
        elif not isinstance(part, (Gap, Alt, Sized)):
            return None
    return None


_Handler: TypeAlias = (
    "Callable[[Interpreter, Invoke, Value | None, list[Value], Mapping[str, Value], Env], Value | None]"
)


def apply(
    interpreter: Interpreter,
    call: Invoke,
    receiver: Value | None,
    arguments: list[Value],
    keywords: Mapping[str, Value],
    env: Env,
) -> Value | None:
    """The value of a call that is known here, or None."""
    method = call.method
    if interpreter.language == "go":
        jet = go_jet.called(interpreter, call, receiver, arguments) if method.isupper() else None
        jet = jet or go_bob.called(interpreter, call, receiver, arguments)
        if jet is not None:
            return jet
        statement = go_sqlbuilder.called(interpreter, call, receiver, arguments, env)
        statement = statement or builders.called(interpreter, call, receiver, arguments)
        if statement is not None:
            return statement
    elif interpreter.language in {"java", "kotlin"} and (method.isupper() or isinstance(receiver, Record)):
        statement = jvm_sqlbuilder.called(interpreter, call, receiver, arguments, env)
        if statement is not None:
            return statement
    if arguments:
        built = _built(interpreter, call, receiver, arguments, env)
        if built is not None:
            return built
    if method in _JOINS:
        joined = _join(method, receiver, arguments)
        if joined is not None:
            return joined
    if method in {"format", "Format"} or method in _FORMAT_PERCENT or method == "AppendFormat":
        formatted = _format(interpreter, call, receiver, arguments, keywords)
        if formatted is not None:
            return formatted
    if method in _APPEND or method in _APPEND_MANY:
        appended = _append(interpreter, call, receiver, arguments, env)
        if appended is not None:
            return appended
    if receiver is not None and method in _KEEP and is_text(receiver):
        return receiver
    if method in {"Repeat", "repeat", "str_repeat"}:
        repeated = receiver if receiver is not None and is_text(receiver) else arguments[0] if arguments else None
        if repeated is not None and is_text(repeated):
            return repeated  # once will do: it makes a list of placeholders longer
    if receiver is not None and method in {"concat", "plus", "Concat"}:
        if isinstance(receiver, Listing):
            return Listing((*receiver.items, *_spread(arguments)))
        if is_text(receiver):
            return rope(receiver, *arguments)
    if method in {"Concat", "concat", "CONCAT"} and arguments and any(is_text(a) for a in arguments):
        return rope(*arguments)
    if method in _EACH:
        returned = next((a for a in arguments if isinstance(a, Returned)), None)
        if returned is not None and not isinstance(returned.result, Nothing):
            return Listing((returned.result,))
    if receiver is not None and method in _SAME_LIST and isinstance(receiver, (Listing, Joined)):
        return receiver
    if method in {"replace", "replaceAll", "Replace", "ReplaceAll", "gsub", "sub", "str_replace", "re.sub"}:
        return _replace(method, receiver, arguments)
    if method in {"empty", "skip"} and isinstance(call.receiver, Name) and call.receiver.path in {"sql", "Prisma"}:
        return Fragment(NOTHING)
    if method == "assign" and isinstance(call.receiver, Name) and call.receiver.path == "Object" and len(arguments) > 1:
        return _assigned(call, arguments, env)
    if method in _PARAMETER and len(arguments) <= 1 and (call.receiver is not None or method[:1].isupper()):
        return Fragment(Gap(interpreter.notes.text(call.span), call.span, bound=True), method)
    if method in _IDENTIFIER and arguments and (call.receiver is not None or method[:1].isupper()):
        base = call.receiver.path if isinstance(call.receiver, Name) else ""
        if not base or base.rpartition(".")[2] in _IDENTIFIER_HOLDERS:
            inner = arguments[-1]
            known = isinstance(inner, Lit) and re.fullmatch(r"\w+", inner.text)
            return Fragment(inner if known else Gap(interpreter.notes.text(call.span), call.span), method)
    if method in _WRAP and arguments:
        return _wrap(interpreter, call, arguments)
    if method in _KEEP and receiver is None and len(arguments) == 1 and is_text(arguments[0]):
        return arguments[0]
    return None


_FACTORY = regex(r"(?:builder|bqb|\bqb|sqlb)\.(?:[nN]ew\w*|[oO]f)$|(?:^|[nN]ew|\.)(?:Query|Sql|SQL)Builder$")


def _built(
    interpreter: Interpreter, call: Invoke, receiver: Value | None, arguments: list[Value], env: Env
) -> Value | None:
    """A project's own builder: `q := querybuilder.New("SELECT …")`, then `q.B("WHERE …", x)` adds a piece of text."""
    made = _text_of(receiver) if receiver is not None else None
    if made is None:
        root = first_literal(arguments[0])
        if root is None or not verb_ahead(root.text):
            return None
        name = f"{interpreter.notes.text(call.receiver.span)[-80:]}.{call.method}" if call.receiver else call.method
        return Fragment(arguments[0], _BUILDER) if _FACTORY.search(name) is not None else None
    if call.method.lower() in EXECUTES or not isinstance(arguments[0], (Lit, Rope, Alt, Gap, Fragment, Joined)):
        return None
    longer = Fragment(rope(made, Lit(" ", call.span), arguments[0]), _BUILDER)
    if isinstance(call.receiver, Name):
        env.put(call.receiver.path, longer)
    interpreter.notes.note(longer, None, 0)
    return longer


_BUILDER = "builder"


def _text_of(value: Value, depth: int = 0) -> Value | None:
    """The text in a builder so far. Choices share their sides, so only a few levels are followed."""
    if isinstance(value, Fragment):
        return value.value if value.tag == _BUILDER else None
    if isinstance(value, Alt) and depth < 8:
        yes = _text_of(value.yes, depth + 1)
        no = _text_of(value.no, depth + 1) if yes is not None else None
        return Alt(value.key, yes, no) if yes is not None and no is not None else None
    return None


def _assigned(call: Invoke, arguments: list[Value], env: Env) -> Value:
    """`Object.assign(target, source…)`: the target has the properties of all of them, and is changed itself."""
    fields: dict[str, Value] = {}
    told = isinstance(arguments[0], Gap) and (arguments[0].origin or "").startswith("new ")
    for value in arguments:
        fields.update(value.fields if isinstance(value, Record) else {"...": value})
    if told and "..." in fields:
        fields["..."] = arguments[0]  # the copying itself is judged, not everything done with its result
    made = Record(fields)
    if isinstance(call.arguments[0], Name):
        env.put(call.arguments[0].path, made)
    return made


def _wrap(interpreter: Interpreter, call: Invoke, arguments: list[Value]) -> Value | None:
    """`text(sql)`, `sql.raw(x)`, `sql(columns)`: the text itself, as SQL."""
    method, first = call.method, arguments[0]
    if method in {
        "List",
        "asList",
        "listOf",
        "arrayOf",
        "mutableListOf",
        "ArrayList",
        "of",
        "Array",
        "list",
        "tuple",
        "from_iter",
    }:
        if isinstance(first, Listing) and len(arguments) == 1:
            return first
        if method in {"asList", "listOf", "arrayOf", "mutableListOf"} or (
            method == "of" and any(is_text(a) for a in arguments)
        ):
            return Listing(tuple(arguments))
        return None
    if is_text(first):
        root = first_literal(first)
        if (
            call.receiver is not None
            and root is not None
            and verb_ahead(root.text)
            and method in {"raw", "Raw", "unsafeRaw"}
        ):
            return None  # `knex.raw("SELECT …")`, `db.Raw(…)` execute what they are given
        return Fragment(first, method) if method in {"raw", "Raw", "literal", "sql", "rawSql", "SQL", "text"} else first
    if method in {"raw", "Raw", "literal", "rawSql", "unsafeRaw", "sqltext"}:
        return Fragment(Gap(interpreter.notes.text(call.span), call.span), method)
    if method in {"sql", "SQL"}:
        fields = first.fields if isinstance(first, Record) else {}
        plain = tuple(name for name in fields if re.fullmatch(r"\w+", name))
        listed = [a.text for a in arguments[1:] if isinstance(a, Lit)]
        if isinstance(first, Listing):
            listed += [item.text for item in first.items if isinstance(item, Lit)]
        return Fragment(Gap(interpreter.notes.text(call.span), call.span, keys=tuple(listed) or plain), method)
    return None


_JOINS = frozenset({"join", "Join", "implode", "joinToString", "joined", "intercalate"})


def _join(method: str, receiver: Value | None, arguments: list[Value]) -> Value | None:
    """`list.join(sep)`, `sep.join(list)`, `String.join(sep, list)`, `strings.Join(list, sep)`, `sql.join(…)`."""
    listing: Value | None = None
    separator: Value | None = None
    for value in (*arguments, receiver):
        if isinstance(value, (Listing, Joined)) and listing is None:
            listing = value
        elif isinstance(value, Returned) and listing is None:
            listing = Listing((value.result,))
        elif value is not None and separator is None and (isinstance(value, (Lit, Fragment)) or is_text(value)):
            separator = value
    texts = [a for a in arguments if isinstance(a, Lit)]
    if listing is None and len(texts) > 1:  # String.join(" AND ", a, b)
        listing, separator = Listing(tuple(arguments[1:])), arguments[0]
    if isinstance(listing, Joined):
        listing = listing.listing
    if not isinstance(listing, Listing):
        return None
    glue = (
        "".join(lit.text for lit in literals(separator)) if separator is not None else ", " if method != "join" else ","
    )
    joined = Joined(glue, listing)
    return Fragment(joined) if any(isinstance(item, Fragment) for item in listing.items) else joined


def _spread(arguments: Sequence[Value]) -> list[Value]:
    out: list[Value] = []
    for value in arguments:
        out.extend(value.items if isinstance(value, Listing) else (value,))
    return out


_APPENDS = frozenset({"append", "Append", "AppendLine", "appendLine"})


def _append(
    interpreter: Interpreter, call: Invoke, receiver: Value | None, arguments: list[Value], env: Env
) -> Value | None:
    """Appending to a list or a string builder held in a variable changes the variable."""
    if not isinstance(call.receiver, Name) or not arguments:
        if isinstance(receiver, (Lit, Rope)) and call.method in _APPENDS:
            chained = rope(receiver, *arguments)  # new StringBuilder("…").append("…"), text.append(a).append(b)
            root = call.receiver
            while isinstance(root, Invoke) and root.method in _APPENDS:
                root = root.receiver
            if isinstance(root, Name):
                env.put(root.path, chained)
                interpreter.notes.note(chained, None, 0)
            return chained
        return None
    target = call.receiver.path
    if isinstance(receiver, Listing):
        added = _spread(arguments) if call.method in _APPEND_MANY else arguments
        if call.method == "insert" and len(arguments) == 2:
            added = arguments[1:]
        if call.method in {"unshift", "prepend"} or (call.method == "insert" and len(arguments) == 2):
            value: Value = Listing((*added, *receiver.items))
        else:
            value = Listing((*receiver.items, *added))
    elif is_text(receiver or NOTHING) or (isinstance(receiver, Lit)):
        tail = [Lit("\n", call.span)] if call.method in {"AppendLine", "appendLine"} else []
        value = rope(receiver or NOTHING, *arguments, *tail)
    elif (
        isinstance(receiver, Gap)
        and receiver.keys is None
        and call.method in {"WriteString", "append", "Append", "AppendLine"}
    ):
        if not is_text(arguments[0]) or not _builder(receiver):
            return None
        value = rope(*arguments)
    else:
        return None
    env.put(target, value)
    interpreter.notes.note(value, None, 0)
    return value


def _builder(receiver: Gap) -> bool:
    return re.search(r"builder|buffer|bytes|\bsb\b|\bsql|\bquery|\bbuf", receiver.source, re.IGNORECASE) is not None


def _replace(method: str, receiver: Value | None, arguments: list[Value]) -> Value | None:
    """A constant replaced in every literal piece; a pattern that only tidies white space changes nothing."""
    if receiver is None or not is_text(receiver):
        return None
    if len(arguments) == 2 and isinstance(arguments[0], Lit) and isinstance(receiver, (Lit, Rope)):
        old, new = arguments[0].text, arguments[1]
        if not old:
            return receiver
        out: list[Value] = []
        for part in receiver.parts if isinstance(receiver, Rope) else (receiver,):
            if isinstance(part, Lit) and old in part.text and part.text.count(old) <= 64:
                for position, piece in enumerate(part.text.split(old)):
                    if position:
                        out.append(new)
                    if piece:
                        out.append(Lit(piece, part.span))
            else:
                out.append(part)
        return rope(*out)
    return receiver


# Formatting


def percent(interpreter: Interpreter, expression: Percent, env: Env) -> Value:
    """`"… %s …" % values`: known texts go in, everything else is a gap. A template that is no text stays a gap."""
    template = interpreter.eval(expression.template, env)
    values = [interpreter.eval(value, env) for value in expression.values] if expression.values is not None else None
    if not is_text(template):
        return Gap(interpreter.notes.text(expression.span), expression.span)
    fields: dict[str, Value] = {}
    if values is not None and len(values) == 1 and isinstance(values[0], Record):
        fields = values[0].fields
    return _percent(interpreter, template, values or [], fields, expression.span)


def _percent(
    interpreter: Interpreter, template: Value, values: Sequence[Value], fields: Mapping[str, Value], span: Span
) -> Value:
    taken = 0
    out: list[Value] = []
    for part in _parts(template):
        if not isinstance(part, Lit):
            out.append(part)
            continue
        position = 0
        for match in _PERCENT.finditer(part.text):
            out.append(Lit(part.text[position : match.start()], part.span))
            position = match.end()
            name, first, second, kind = match.groups()
            if kind == "%":
                out.append(Lit("%", part.span))
                continue
            if name is not None:
                value = fields.get(name)
                out.append(_slot(value, name, span))
                continue
            index = int(first or second) - 1 if (first or second) else taken
            taken = index + 1
            value = values[index] if 0 <= index < len(values) else None
            text = _slot(value, f"argument {index + 1}", span)
            out.append(rope(Lit('"', span), text, Lit('"', span)) if kind == "q" else text)
        out.append(Lit(part.text[position:], part.span))
    return rope(*[piece for piece in out if not (isinstance(piece, Lit) and not piece.text)]) if out else template


def _slot(value: Value | None, name: str, span: Span) -> Value:
    if value is None or isinstance(value, (Record, Nothing)):
        return Gap(name, span)
    return Joined(", ", value) if isinstance(value, Listing) else value


def _parts(template: Value) -> tuple[Value, ...]:
    if isinstance(template, Fragment):
        return _parts(template.value)
    return template.parts if isinstance(template, Rope) else (template,)


def _format(
    interpreter: Interpreter,
    call: Invoke,
    receiver: Value | None,
    arguments: list[Value],
    keywords: Mapping[str, Value],
) -> Value | None:
    """`"{} {name}".format(…)`, `string.Format("{0}", …)`, `String.format("%s", …)`, `fmt.Sprintf`."""
    language = interpreter.language
    if receiver is not None and is_text(receiver):
        template, values = receiver, arguments
    elif arguments and call.method == "Fprintf":
        template, values = (arguments[1], arguments[2:]) if len(arguments) > 1 else (NOTHING, [])
    elif arguments:
        template, values = arguments[0], arguments[1:]
    else:
        return None
    if not is_text(template):
        return None
    if len(values) == 1 and isinstance(values[0], Listing):
        values = list(values[0].items)
    if language == "python" and call.method == "format":
        return _braces(interpreter, template, values, keywords, call.span)
    if language == "c_sharp":
        return _numbered(template, values, call.span)
    return _percent(interpreter, template, values, {}, call.span)


def _numbered(template: Value, values: Sequence[Value], span: Span) -> Value:
    """`{0}` of C#."""
    out: list[Value] = []
    for part in _parts(template):
        if not isinstance(part, Lit):
            out.append(part)
            continue
        position = 0
        for match in _BRACE.finditer(part.text):
            out.append(Lit(part.text[position : match.start()], part.span))
            position = match.end()
            if match.group(1) is None:
                out.append(Lit(match.group()[0], part.span))
                continue
            index = int(match.group(1))
            out.append(_slot(values[index] if index < len(values) else None, match.group(), span))
        out.append(Lit(part.text[position:], part.span))
    return rope(*[piece for piece in out if not (isinstance(piece, Lit) and not piece.text)]) if out else template


def _braces(
    interpreter: Interpreter, template: Value, values: Sequence[Value], keywords: Mapping[str, Value], span: Span
) -> Value:
    """Python's format string syntax; a malformed one stays as it is."""
    out: list[Value] = []
    taken = 0
    for part in _parts(template):
        if not isinstance(part, Lit):
            out.append(part)
            continue
        try:
            pieces = list(Formatter().parse(part.text))
        except ValueError:
            out.append(part)
            continue
        for literal, name, _, _ in pieces:
            if literal:
                out.append(Lit(literal, part.span))
            if name is None:
                continue
            head = re.match(r"\w*", name)
            key = head.group() if head is not None else ""
            value: Value | None
            if key == "" or key.isdigit():
                index = int(key[:4]) if key else taken
                taken = index + 1
                value = values[index] if index < len(values) else None
            else:
                value = keywords.get(key)
            plain = head is not None and head.end() == len(name)
            out.append(_slot(value if plain else None, name or f"argument {taken}", span))
    return rope(*out) if out else Lit("", span)
