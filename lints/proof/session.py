"""Statements that are not queries: session settings, roles, COPY, TRUNCATE, prepared statements, procedures, DDL."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from lints.patterns import regex
from lints.proof.calls import name_of
from lints.proof.ir import Group, Kind, Unsupported
from lints.proof.parse import Statement, reparse, unfold
from lints.proof.procedural import REASON, block, branches
from lints.proof.scalars import OUTLIVES, RUNS_TEXT, survey
from lints.proof.scopes import Scope
from lints.proof.work import Work
from lints.proof.writes import unscopable

_SYSTEM = frozenset({"pg_catalog", "auth", "sys", "dbo"})
_BUILTIN = regex(
    r"(?:pg|to|json|jsonb|array|string|regexp|date|time|ts|txid|inet|uuid|gen|st|num|xml|bit|has|session|last|current"
    r"|parse|format|hash|make|quote|lo|is)_\w+\Z"
    r"|(?:set_config|nextval|setval|lastval|currval|version|random|now|sleep|benchmark|database|user|connection_id"
    r"|get_lock|release_lock|changes|total_changes|sqlite_version|crypt|digest|encode|decode|similarity|unaccent"
    r"|plainto_tsquery|phraseto_tsquery|websearch_to_tsquery|setseed|clock_timestamp|statement_timestamp|found_rows"
    r"|transaction_timestamp|timeofday|convert_from|convert_to|width_bucket|cardinality|host|masklen|row_count"
    r"|throwif|to(?:date|decimal|string|int|uint|float|uuid|fixedstring|ipv|interval|unixtimestamp|start)\w*"
    r"|newid|getdate|sysdatetime|scope_identity|suser_sname|object_id|db_name|serverproperty|hostname|uptime)\Z"
)
"""Functions of the databases themselves, by their families' names."""
Translate = Callable[[Work, Any, Group], str]

_ORDINARY = frozenset({"select", "insert", "update", "delete", "with", "merge", "values", "table", "("})
_HARMLESS = frozenset(
    {
        "begin", "commit", "rollback", "savepoint", "release", "start", "end", "abort", "show", "listen", "notify",
        "unlisten", "vacuum", "analyze", "checkpoint", "discard", "close", "fetch", "lock", "use", "pragma",
        "comment", "deallocate", "reindex", "cluster", "describe", "desc", "print", "go", "optimize", "drop",
        "refresh", "move", "grant", "revoke", "attach", "detach", "flush", "unlock", "kill", "exists", "rename",
        "delimiter", "check", "repair",
    }
)  # fmt: skip
"""Statements that neither return, change nor consult rows of a table (or only redo what was judged before)."""


class Session(NamedTuple):
    """The judgement on a statement that touches no rows: `rule` is None if there is nothing against it."""

    operation: str
    rule: str | None
    because: str
    opaque: bool = False
    unparsed: bool = False


class Called(NamedTuple):
    """A call of a stored procedure that the schema defines, and the tokens of what it is handed."""

    name: str
    rest: list[Any]


Special = str | Session | Called


def special(w: Work, statement: Statement, text: str, group: Group, translate: Translate) -> Special | None:
    """Handle a statement that is not a query or a write; None if it is one.

    Returns the operation of a statement found inside it and translated, or the judgement if it touches no rows.
    """
    tree, tokens = statement.tree, statement.tokens
    word = tokens[0].text.lower() if tokens else ""
    if word in _ORDINARY and tree is not None:
        whole = tree.this if type(tree) is exp.Alias else tree
        if word == "(" and not isinstance(whole, (exp.Query, exp.DML, exp.Merge)):
            return Session("other", None, "a part of a statement", unparsed=True)
        return None
    tokens = unfold(tokens, text, w.dialect)
    rest = [t.text.lower() for t in tokens[1:8]]
    if word == "explain" or (word == "analyze" and rest[:1] != ["table"] and any(t in _ORDINARY for t in rest[:2])):
        return _inner(w, tokens, _after_options(tokens, 1), text, group, translate)
    if word == "prepare":
        position = next((i for i, t in enumerate(tokens) if t.text.lower() in ("as", "from") and i > 1), None)
        said = _quoted(tokens[position:], text, w.dialect) if position is not None else None
        if position is None or (
            said is None and (len(tokens) <= position + 2 or tokens[position].text.lower() == "from")
        ):
            return Session("prepare", "TENSQL013", "a prepared statement whose text is not here", opaque=True)
        if said is not None:
            return _inner_text(w, said, text, group, translate)
        return _inner(w, tokens, position + 1, text, group, translate)
    if word == "declare" and "cursor" in [t.text.lower() for t in tokens[2:9]]:
        position = next((i for i, t in enumerate(tokens) if t.text.lower() == "for"), len(tokens))
        return _inner(w, tokens, position + 1, text, group, translate)
    if word == "replace" and w.dialect in ("mysql", "sqlite"):
        return _replace(w, tokens, text, group, translate)
    if word in ("set", "reset"):
        if type(tree) is exp.Set and tree.find(exp.Query) is not None:
            survey(w, tree, Scope(None), group)
            return "set"
        return _set(w, tokens)
    if word in ("execute", "exec", "call", "perform") and not _is_call(tokens, w.dialect):
        return Session("other", None, "not a statement", unparsed=True)
    if word in ("execute", "exec", "unload") and (said := _quoted(tokens, text, w.dialect)) is not None:
        return _inner_text(w, said, text, group, translate)
    if word in ("execute", "exec"):
        if rest and f"\0prepared {rest[0]}" in w.temporary:
            return Session("execute", None, f"{rest[0]} was prepared above, and is judged there")
        called = name_of(tokens)
        runs = (
            called if w.dialect == "tsql" or (called is not None and not called[1]) else None
        )  # else: what is prepared
        return _procedure(w, runs) or _execute(rest, called[0] if called is not None else None)
    if word in ("call", "perform"):
        return _call(w, tokens, text, group, translate)
    if word == "{" and "call" in rest[:5] and tokens[-1].text == "}":  # ODBC's and JDBC's escape
        return _call(w, tokens[1 + rest.index("call") : -1], text, group, translate)
    if word == "do" and (body := next((t for t in tokens if t.token_type is TokenType.HEREDOC_STRING), None)):
        return block(w, text, text.index("$", text.index("$", body.start) + 1) + 1, body.end, group, translate)
    if w.dialect == "oracle" and statement.error == REASON:
        return block(w, text, tokens[0].start, tokens[-1].end + 1, group, translate)
    if type(tree) is exp.Transaction or (word == "begin" and 1 < len(tokens) < 8 and _is_transaction(rest)):
        return Session("begin", None, "BEGIN touches no row")
    if word == "do" or (word == "begin" and len(tokens) > 1 and not _is_transaction(rest)):
        return Session("procedure", "TENSQL013", "a procedural block", opaque=True)
    if word == "declare" and (w.dialect == "tsql" or type(tree) is exp.Declare):
        return _declare(w, tree, group)
    if word == "if" and w.dialect == "tsql" and (inside := branches(tokens)) is not None:
        return _branches(w, inside, text, group, translate)
    if word in ("if", "while", "declare", "for", "loop", "repeat"):
        return Session("procedure", "TENSQL013", "a procedural block", opaque=True)
    if word == "alter":
        return _alter(w, tokens, rest, text, group, translate)
    if word == "create":
        return _create(w, tree, tokens, rest, text, group, translate)
    if word == "bulk" and rest[:1] == ["insert"]:
        return _whole(w, tokens[2:], group, "insert")
    if word == "export" and rest[:1] == ["database"]:
        return Session("export", "TENSQL014", "EXPORT DATABASE writes the rows of all tables")
    if word == "insert" and tree is None and w.dialect == "clickhouse" and rest and tokens[-2].text.lower() == "format":
        return Session("insert", "TENSQL013", "the inserted rows are not in the text", opaque=True)
    if word == "handler" and w.dialect == "mysql":
        return Session("handler", "TENSQL013", "HANDLER reads a table's rows one by one", opaque=True)
    if word == "load":
        return Session("load", "TENSQL014", "LOAD DATA writes rows no predicate can apply to")
    if tree is None:
        locks = word == "lock" and rest[:1] == ["table"]  # in a mode that the parser does not know
        return Session(word, None, "LOCK touches no row") if locks else None
    if type(tree) is exp.Summarize:
        source = tree.this
        return translate(w, exp.select("*").from_(source) if type(source) is exp.Table else source, group)
    if type(tree) is exp.Pivot:  # all rows of its source are shown, in one form or another
        return translate(w, exp.select("*").from_(tree.this), group)
    if type(tree) is exp.TruncateTable:
        for table in tree.expressions:
            unscopable(w, table.this, table.args.get("db"), group)
        return "truncate"
    if type(tree) is exp.Copy:
        return _copy(w, tree, group, translate)
    if type(tree) is exp.Export:
        translate(w, tree.this, group)
        return "copy"
    if word == "optimize" and any(t.text.lower() == "deduplicate" for t in tokens):
        return Session("optimize", "TENSQL003", "rows that are alike go, whoever's they are")
    if word in _HARMLESS:
        return Session(word, None, f"{word.upper()} touches no row")
    if type(tree) is exp.Command or isinstance(tree, (exp.Block, exp.IfBlock, exp.WhileBlock)):
        return Session(word or "other", "TENSQL013", f"{word.upper()} is not modelled", opaque=True)
    if not isinstance(tree, (exp.Query, exp.DML, exp.Merge)):
        return Session("other", None, "not a statement", unparsed=True)
    return None


def _is_transaction(rest: list[str]) -> bool:
    return rest[0] in ("transaction", "work", "isolation", "read", "immediate", "deferred", "exclusive", "tran", "not")


def _after_options(tokens: list[Any], position: int) -> int:
    if position < len(tokens) and tokens[position].token_type is TokenType.L_PAREN:
        while position < len(tokens) and tokens[position].token_type is not TokenType.R_PAREN:
            position += 1
        return position + 1
    while position < len(tokens) and tokens[position].text.lower() in (
        "analyze", "verbose", "query", "plan", "extended", "format", "=", "json", "tree", "traditional", "pipeline",
        "syntax", "ast", "estimate", "indexes", "actions",
    ):  # fmt: skip
        position += 1
    return position


def _inner(w: Work, tokens: list[Any], position: int, text: str, group: Group, translate: Translate) -> Special:
    """The statement inside another one, judged in its place."""
    w.spend(2000)  # it is read anew
    inner = reparse(tokens[position:], text, w.dialect)
    if inner.tree is None:
        return Session("other", "TENSQL013", inner.error or "no statement inside", opaque=True)
    return special(w, inner, text, group, translate) or translate(w, inner.tree, group)


_AFTER_TEXT = frozenset({",", ")", "using", "into", "to", ";"})


def _quoted(tokens: list[Any], text: str, dialect: str) -> tuple[int, str] | None:
    """Where the one string begins whose text is run, and that text at its own length; None if it is put together."""
    position = next((i for i, t in enumerate(tokens[:6]) if t.token_type in _STRINGS), None)
    if position is None or not {t.text.lower() for t in tokens[1:position]} <= _BEFORE_TEXT:
        return None
    after = tokens[position + 1].text.lower() if position + 1 < len(tokens) else ";"
    start = text.find("'", tokens[position].start, tokens[position].end + 1)
    said = text[start + 1 : tokens[position].end]
    if after not in _AFTER_TEXT or start < 0 or text[tokens[position].end] != "'" or "\\" in said:
        return None
    pieces = said.split("''")
    if len(pieces) % 2 == 0:
        return None
    return start + 1, "".join(p if i == 0 else f" '{p}" if i % 2 else f"' {p}" for i, p in enumerate(pieces))


_STRINGS = frozenset({TokenType.STRING, TokenType.NATIONAL_STRING})
_BEFORE_TEXT = frozenset({"(", "immediate", "sp_executesql", "sys", ".", "from", "@", "stmt", "="})


def _inner_text(w: Work, said: tuple[int, str], text: str, group: Group, translate: Translate) -> Special:
    """The statement that stands as a string inside another one."""
    w.spend(2000)
    inner = reparse(None, " " * said[0] + said[1], w.dialect)
    if inner.tree is None:
        return Session("execute", "TENSQL013", inner.error or "no statement inside", opaque=True)
    return special(w, inner, text, group, translate) or translate(w, inner.tree, group)


def _replace(w: Work, tokens: list[Any], text: str, group: Group, translate: Translate) -> Special:
    """REPLACE INTO is an INSERT that deletes the rows in its way."""
    start = 1
    while start < len(tokens) and tokens[start].text.lower() in ("low_priority", "delayed"):
        start += 1
    if start < len(tokens) and tokens[start].text.lower() != "into":
        raise Unsupported("REPLACE without INTO")
    offset = tokens[0].end + 1
    inner = reparse(None, " " * max(0, offset - 6) + "INSERT" + text[offset : tokens[-1].end + 1], w.dialect)
    if type(inner.tree) is not exp.Insert:
        return Session("insert", "TENSQL013", inner.error or "REPLACE is not understood", opaque=True)
    inner.tree.set("alternative", "REPLACE")
    return translate(w, inner.tree, group)


def _set(w: Work, tokens: list[Any]) -> Session:
    """SET and RESET: a tenant for longer than the transaction, another role, row security off."""
    words = [t.text.lower() for t in tokens]
    reset = words[0] == "reset"
    scope = words[1] if len(words) > 1 and words[1] in ("local", "session", "global") else ""
    names = words[2:] if scope else words[1:]
    if names[:1] == ["authorization"]:
        return Session("set", "TENSQL017", "the session's identity is changed")
    if names[:1] == ["role"] and not reset and not _is_role(tokens[-len(names) + 1 :]):
        return Session("other", None, "not a statement", unparsed=True)
    if names[:1] == ["role"] or names[:2] == ["session", "authorization"]:
        return Session("set", "TENSQL017", "the role is changed")
    if names[:1] == ["row_security"]:
        off = reset or any(v in ("off", "false", "0", "no") for v in names[1:])
        return Session("set", "TENSQL017" if off and not reset else None, "row_security is set")
    name = ""
    for position, token in enumerate(tokens):
        if token.token_type is TokenType.EQ or token.text.lower() == "to":
            first = 2 if scope else 1
            name = "".join(t.text for t in tokens[first:position])
            break
    if not reset and name and scope != "local" and w.index.is_context(name):
        return Session("set", "TENSQL015", OUTLIVES)
    return Session("set", None, "no tenant outlives the transaction")


_AFTER_ROLE = frozenset({"to", "=", ",", "identified", "except", "@", ":", "(", "$", "{", "?", "%"})


def _is_role(named: list[Any]) -> bool:
    """Whether a role is named and nothing else: "Set role of member 5" is a sentence."""
    return bool(named) and (len(named) == 1 or bool({named[0].text.lower(), named[1].text.lower()} & _AFTER_ROLE))


def calls(w: Work, tree: Any) -> None:
    """A SELECT without FROM is a way to call: what a routine that is not declared does can't be seen."""
    for item in tree.expressions:
        inner = item.this if type(item) is exp.Alias else item
        if type(inner) is exp.Dot:
            schema, inner = inner.this.name.lower(), inner.expression
            if schema in _SYSTEM:
                continue
        if type(inner) is exp.Aliases and type(inner.this) is exp.Column:
            name = inner.this.name.lower()
        elif type(inner) is exp.Anonymous:
            name = str(inner.this).lower()
        else:
            continue
        if name in RUNS_TEXT:
            w.opaque[f"the function {name} reads what no predicate here confines"] = None
        elif name not in w.index.functions and name not in w.index.harmless and not _BUILTIN.match(name):
            w.opaque[f"the function {name} is not declared in the tenancy model"] = None
            w.tables[name] = None


def _is_call(tokens: list[Any], dialect: str) -> bool:
    """Whether a name and at most its arguments come after the verb: "Call sync() first." is a sentence."""
    word, rest = str(tokens[0].text).lower(), tokens[1:]
    runs = word in ("execute", "exec")
    if runs and (dialect in ("tsql", "oracle") or not rest):
        return True
    position = 1
    while position + 1 < len(rest) and rest[position].text == ".":
        position += 2
    if position >= len(rest):
        return word != "perform"
    if rest[position].token_type is TokenType.L_PAREN:
        into = any(token.text.lower() == "into" for token in rest[-2:])
        return bool(into or rest[-1].text == ")")
    return runs and (rest[0].text.lower() == "immediate" or rest[position].text.lower() in ("using", "into", "as"))


def _branches(w: Work, inside: list[list[Any]], text: str, group: Group, translate: Translate) -> Special:
    """T-SQL's IF … statement ELSE statement: what it asks and what it may run."""
    for tokens in inside:
        w.spend(2000)
        inner = reparse(tokens, text, w.dialect)
        if inner.tree is None or inner.holes or not isinstance(inner.tree, (exp.Query, exp.DML, exp.Merge)):
            return Session("procedure", "TENSQL013", REASON, opaque=True)
        translate(w, inner.tree, Group(group, Kind.BRANCH, "IF"))
    return "if"


def _execute(rest: list[str], name: str | None) -> Session:
    if "sp_set_session_context" in rest[:3]:
        return Session("set", None, "the pool resets a session context")
    named = f"the procedure {name} is not in the schema: " if name else ""
    return Session("execute", "TENSQL013", f"{named}what runs is not in the text", opaque=True)


def _procedure(w: Work, called: tuple[str, list[Any]] | None) -> Called | None:
    """The procedure that is called, if the schema defines it."""
    return Called(*called) if called is not None and called[0] in w.index.routines else None


def _call(w: Work, tokens: list[Any], text: str, group: Group, translate: Translate) -> Special:
    """CALL of a procedure: judged if it is declared with its tenant argument, or by its own statements."""
    name = tokens[1].text.lower() if len(tokens) > 1 else ""
    if name not in w.index.functions and (found := _procedure(w, name_of(tokens))) is not None:
        return found
    if name not in w.index.functions:
        return Session("call", "TENSQL013", f"the procedure {name} is not declared in the tenancy model", opaque=True)
    start = tokens[1].start
    inner = reparse(None, " " * max(0, start - 7) + "SELECT " + text[start : tokens[-1].end + 1], w.dialect)
    if inner.tree is None:
        return Session("call", "TENSQL013", inner.error or "CALL is not understood", opaque=True)
    translate(w, inner.tree, group)
    return "call"


def _declare(w: Work, tree: Any, group: Group) -> str | Session:
    if type(tree) is not exp.Declare:
        return Session("declare", "TENSQL013", "DECLARE is not understood", opaque=True)
    survey(w, tree, Scope(None), group)
    return "declare"


def _alter(w: Work, tokens: list[Any], rest: list[str], text: str, group: Group, translate: Translate) -> Special:
    words = " ".join(t.text.lower() for t in tokens)
    if re.search(r"\b(disable|no force) row level security\b", words):
        return Session("ddl", "TENSQL017", "row level security is switched off")
    if re.search(r"\bbypassrls\b|\bsuperuser\b", words) and rest[:1] in (["role"], ["user"]):
        return Session("ddl", "TENSQL017", "a role is allowed to bypass row level security")
    if w.dialect == "clickhouse" and re.search(r"\b(update|delete)\b", words):
        return _mutation(w, tokens, text, group, translate)
    if _MOVES.search(words) and rest[:1] == ["table"]:
        named = [t for t in tokens[2:8] if t.token_type in (TokenType.VAR, TokenType.IDENTIFIER) or t.text == "."]
        return _whole(w, named, group, "alter")
    return Session("ddl", None, "a change of the schema, not of rows")


_MOVES = regex(
    r"\b(?:(?:drop|truncate|exchange|replace|move) (?:sub)?partition|switch (?:partition|to)|append from|swap with)\b"
)
"""What takes rows out of a table, or puts them into it, by the partition."""


def _whole(w: Work, tokens: list[Any], group: Group, operation: str) -> str:
    """A table all of whose rows, or any, are meant."""
    parts: list[Any] = []
    for position, token in enumerate(tokens):
        if position % 2 == 0:
            parts.append(token)
        elif token.text != ".":
            break
    if not parts:
        raise Unsupported("a table that is not named")
    named = []
    for token in parts[-2:]:
        identifier = exp.to_identifier(token.text, quoted=token.token_type is TokenType.IDENTIFIER)
        identifier.meta.update(start=token.start, end=token.end)
        named.append(identifier)
    unscopable(w, named[-1], named[0] if len(named) > 1 else None, group)
    return operation


def _mutation(w: Work, tokens: list[Any], text: str, group: Group, translate: Translate) -> Special:
    """ClickHouse: `ALTER TABLE t UPDATE ... WHERE` and `ALTER TABLE t DELETE WHERE` write rows."""
    words = [t.text.lower() for t in tokens]
    at = next((i for i, word in enumerate(words) if word in ("update", "delete")), 0)
    if words[1:2] != ["table"] or not 3 <= at <= 9 or words.count("update") + words.count("delete") != 1:
        raise Unsupported("a mutation by ALTER TABLE")
    named = tokens[2:at]
    if "on" in words[2:at]:  # ON CLUSTER
        named = named[: words[2:at].index("on")]
    where = text[tokens[at].end + 1 : tokens[-1].end + 1]
    table = text[named[0].start : named[-1].end + 1]
    start = named[0].start
    verb, between = ("UPDATE ", " SET ") if words[at] == "update" else ("DELETE FROM ", " ")
    inner = reparse(None, f"{' ' * max(0, start - len(verb))}{verb}{table}{between}{where}", w.dialect)
    if inner.tree is None:
        raise Unsupported("a mutation by ALTER TABLE")
    return translate(w, inner.tree, group)


_OBJECTS = frozenset(
    {
        "table", "view", "index", "unique", "schema", "database", "function", "procedure", "trigger", "rule", "event",
        "type", "extension", "role", "user", "policy", "sequence", "domain", "materialized", "temp", "temporary",
        "unlogged", "global", "local", "or", "foreign", "server", "publication", "subscription", "statistics",
        "aggregate", "operator", "cast", "collation", "conversion", "text", "language", "access", "tablespace",
        "clustered", "nonclustered", "columnstore", "fulltext", "spatial", "login", "external", "dictionary",
        "recursive", "constraint", "transform", "algorithm", "definer", "sql", "live", "window", "row", "quota",
        "settings", "profile", "virtual", "synonym", "default", "group", "trusted", "procedural", "partition",
    }
)  # fmt: skip
"""What can be created; anything else after CREATE is prose."""


def _create(
    w: Work, tree: Any, tokens: list[Any], rest: list[str], text: str, group: Group, translate: Translate
) -> Special:
    if tokens and rest and rest[0] not in _OBJECTS:
        return Session("other", None, "not a statement", unparsed=True)
    kinds = {"function", "procedure", "trigger", "rule", "event"}
    if any(word in kinds for word in rest[:4]):
        return Session("ddl", "TENSQL013", "the body of a routine is not judged here", opaque=True)
    clone = tree.args.get("clone") if type(tree) is exp.Create else None
    if clone is not None and type(clone.this) is exp.Table and type(clone.this.this) is exp.Identifier:
        unscopable(w, clone.this.this, clone.this.args.get("db"), group)
        return "ddl"
    if type(tree) is exp.Create and str(tree.args.get("kind", "")).upper() == "TABLE" and tree.expression is not None:
        _replaced(w, tree, group)
        translate(w, tree.expression, group)
        return "ddl"
    if type(tree) is not exp.Create and "view" not in rest[:5] and "select" in (t.text.lower() for t in tokens):
        start = query_after_as(tokens) if "table" in rest[:4] else None
        if start is not None:
            found = _inner(w, tokens, start, text, group, translate)
            return "ddl" if isinstance(found, str) else found
        return Session("ddl", "TENSQL013", "a table made from a query in a form that is not modelled", opaque=True)
    return Session("ddl", None, "a change of the schema, not of rows")


def _replaced(w: Work, tree: Any, group: Group) -> None:
    """CREATE OR REPLACE TABLE … AS: what was there goes, whoever's it was."""
    made = tree.this.this if type(tree.this) is exp.Schema else tree.this
    if tree.args.get("replace") and type(made) is exp.Table and isinstance(made.this, exp.Identifier):
        schema = w.index.fold(made.args["db"]) if made.args.get("db") is not None else None
        if w.index.table(w.index.fold(made.this), schema) is not None:
            unscopable(w, made.this, made.args.get("db"), Group(group, Kind.BRANCH, "OR REPLACE"))


def query_after_as(tokens: list[Any]) -> int | None:
    """Where the query begins in CREATE TABLE with clauses the parser does not know."""
    depth = 0
    for position, token in enumerate(tokens[:-1]):
        kind = token.token_type
        depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
        if depth == 0 and token.text.lower() == "as" and tokens[position + 1].text.lower() in ("select", "with", "("):
            return position + 1
    return None


def _copy(w: Work, tree: Any, group: Group, translate: Translate) -> str:
    source = tree.this
    files = tree.args.get("files") or []
    if type(source) is exp.Table and type(source.this) is exp.Var and len(files) == 1:  # COPY INTO @stage FROM ...
        source = files[0]
    if type(source) is exp.Subquery:
        translate(w, source.this, group)
        return "copy"
    table = source.this if type(source) is exp.Schema else source
    if type(table) is not exp.Table:
        raise Unsupported("COPY is not understood")
    unscopable(w, table.this, table.args.get("db"), group)
    return "copy"
