"""Scalar expressions as terms: columns resolved, functions of the caller's constants folded, the rest unknown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from sqlglot import exp

from lints.patterns import regex
from lints.proof.ir import (
    NULL,
    TENANT,
    Alt,
    Atom,
    Col,
    Eq,
    Group,
    Kind,
    Merged,
    Null,
    Or,
    Other,
    Rank,
    Same,
    Target,
    Term,
    Val,
)
from lints.proof.scopes import NOTHING, Scope
from lints.proof.text import HOLE
from lints.proof.work import Work

_PARAMETER = Rank.PARAMETER
_VOLATILE = frozenset(
    {
        "random", "rand", "now", "gen_random_uuid", "uuid", "uuid_generate_v4", "uuid_generate_v1", "newid", "nextval",
        "clock_timestamp", "timeofday", "statement_timestamp", "transaction_timestamp", "getdate", "generateuuidv4",
        "last_insert_id", "lastval", "scope_identity", "currval", "txid_current", "pg_backend_pid", "sysdate",
        "unix_timestamp", "localtime", "currenttimestamp", "currentdate", "currenttime", "last_insert_rowid",
    }
)  # fmt: skip
OUTLIVES = "the tenant set for the session outlives the transaction and meets the next user of a pooled connection"
_SESSION = frozenset({"currentuser", "sessionuser", "current_user", "session_user", "currentrole", "current_role"})
_CLAIMS = regex(r"request\.jwt\.claims?\b", re.IGNORECASE)
"""Where PostgREST puts the claims of the token it has checked."""
_JWT = frozenset({"uid", "jwt", "role", "email"})
_TEXT_TYPES = frozenset({"BINARY", "VARBINARY", "TEXT", "VARCHAR", "NVARCHAR", "CHAR", "BPCHAR", "NAME"})
_WHOLE = ("int", "bigint", "smallint", "tinyint", "mediumint", "serial", "bigserial", "uint", "ubigint", "number(38,0")
"""Types no two values of which become the same integer."""
_KEY_TYPES = frozenset({"UUID", "INT", "BIGINT", "INT128", "UBIGINT", "UINT", "UNIQUEIDENTIFIER"})
_QUERIES = (exp.Subquery, exp.Select, exp.SetOperation)
_FAITHFUL = frozenset({"tostring", "hex", "bin_to_uuid"})
"""Functions that show a key in another form: different keys stay different."""
_NO_VALUE = (exp.Identifier, exp.DataType, exp.Var, exp.Star)


def unwrap(node: Any) -> Any:
    """The expression inside its parentheses."""
    while type(node) is exp.Paren:
        node = node.this
    return node


def term(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    """What the expression is. Sub-queries inside it are translated as obligations of their own under `group`."""
    node = unwrap(node)
    handler = _TERMS.get(type(node))
    if handler is not None:
        return handler(w, node, scope, group)
    if isinstance(node, _QUERIES):
        alone = _alone(node)
        if alone is not None:
            return term(w, alone, scope, group)
        w.inline(w, node, scope, Group(group, Kind.BRANCH, "sub-query"))
        return NOTHING
    return _function(w, node, scope, group)


def _alone(node: Any) -> Any:
    """The expression of `(SELECT expression)`, which is the expression; None if there is more to the query."""
    while type(node) is exp.Subquery and not any(value for part, value in node.args.items() if part != "this"):
        node = node.this
    if type(node) is not exp.Select or len(node.expressions) != 1:
        return None
    if any(value for part, value in node.args.items() if part not in ("expressions", "kind", "operation_modifiers")):
        return None
    item = node.expressions[0]
    return item.this if type(item) is exp.Alias else None if item.is_star else item


def survey(w: Work, node: Any, scope: Scope, group: Group) -> None:
    """Translate the sub-queries and declared functions of an expression whose value does not matter."""
    stack = [node]
    while stack:
        item = stack.pop()
        w.spend()
        if isinstance(item, _QUERIES):
            w.inline(w, item, scope, Group(group, Kind.BRANCH, "sub-query"))
            continue
        kind = type(item)
        if kind is exp.Column or kind is exp.Literal or kind is exp.Identifier or kind is exp.DataType:
            continue
        if kind is exp.Anonymous:
            declared(w, item, scope, group)
        if kind is exp.In and item.args.get("query") is not None and w.among(w, item, scope, group):
            continue
        stack.extend(children(item))


def children(node: Any) -> Iterator[Any]:
    for value in node.args.values():
        if isinstance(value, exp.Expression):
            yield value
        elif type(value) is list:
            for item in value:
                if isinstance(item, exp.Expression):
                    yield item


def is_hole(name: str) -> bool:
    return name.startswith("__hole_") and HOLE.match(name) is not None


def _column(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    args = node.args
    identifier = args.get("this")
    if not isinstance(identifier, exp.Identifier):
        return NOTHING
    name = identifier.name
    qualifier = args.get("table")
    if "__hole_" in name or (qualifier is not None and "__hole_" in qualifier.name):
        return Other(frozenset(), hole=True)
    name = w.index.fold(identifier)
    if qualifier is not None:
        alias = w.index.fold(qualifier)
        if not scope.names(alias):
            w.strangers[alias] = None
        return scope.qualified(w.index, alias, name)
    if scope.aliases is not None and name in scope.aliases:
        expression = scope.aliases.pop(name)  # inside its own definition the name is the column's
        found = term(w, expression, scope, group)
        scope.aliases[name] = expression
        return found
    if name in w.variables and scope.lacks(w.index, name):
        return w.variables[name]
    return scope.bare(w.index, name)


def _placeholder(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    name = node.this
    text = name if isinstance(name, str) else getattr(name, "name", "") or "?"
    label = w.label(text)
    if w.variables and label in w.variables:
        return w.variables[label]
    return Val(label, _PARAMETER)


def _parameter(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    if type(node.this) is exp.Parameter:  # @@SPID: the server's, not the caller's
        return Other(frozenset(), constant=True)
    name = f"@{node.this.name}" if isinstance(node.this, exp.Expression) else "@?"
    if w.variables and name.lower() in w.variables:
        return w.variables[name.lower()]
    if w.dialect == "mysql" and name.lower() not in w.index.settings:
        w.assume(f"the session variable {name} holds a value of the caller")
    return Val(name, Rank.PARAMETER)


def _literal(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    text = str(node.this)
    if "__hole_" in text:
        return Other(frozenset(), hole=True)
    quoted = bool(node.args.get("is_string", True))
    return Val(f"'{text}'" if quoted else text, Rank.LITERAL)


def _boolean(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    return Val(str(node.this).lower(), Rank.LITERAL)


def _null(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    return NULL


def _cast(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    inner = term(w, node.this, scope, group)
    to = node.args.get("to")
    kind = to.this.name if isinstance(to, exp.DataType) and hasattr(to.this, "name") else ""
    if type(inner) is Alt or type(inner) is Other:
        return inner if type(inner) is Other or _lossless(w, kind, to, None) else Other(columns_of(inner))
    column = inner if type(inner) is Col else None
    if _lossless(w, kind, to, column):
        return inner
    if type(inner) is Val:
        return Val(f"{inner.key}::{kind.lower()}", inner.rank)
    return Other(columns_of(inner))


def _lossless(w: Work, kind: str, to: Any, column: Col | None) -> bool:
    """Whether different values stay different under the cast."""
    if to is None or to.expressions:
        return False
    if kind in _TEXT_TYPES:
        return not (kind == "CHAR" and w.dialect == "postgres") and w.dialect != "tsql"
    if kind not in _KEY_TYPES or (w.dialect == "sqlite" and kind in ("UUID", "UNIQUEIDENTIFIER")):
        return False  # SQLite has no such type: a word it does not know makes a number of the text
    if column is not None and kind not in ("UUID", "UNIQUEIDENTIFIER"):
        table = w.insts[column.inst].table
        stored = table.columns.get(column.name) if table is not None else None
        if stored is not None and stored.type and not stored.type.startswith(_WHOLE):
            return False
    return True


def _coalesce(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    options = [term(w, n, scope, group) for n in (node.this, *node.expressions)]
    if len(options) == 2 and _of_a_full_join(w, *options):
        return Merged(tuple(o for o in options if type(o) is Col))
    return _alternatives(options)


def _of_a_full_join(w: Work, left: Term, right: Term) -> bool:
    """Whether the two are the columns by which a FULL JOIN joins: then one of them is what USING would show."""
    if type(left) is not Col or type(right) is not Col:
        return False
    full = w.insts[left.inst].group.full
    if full is None or full is not w.insts[right.inst].group.full:
        return False
    return any(type(c) is Eq and {c.left, c.right} == {left, right} for c in full.on.conds)


def _alternatives(options: list[Term], *, constant: bool = False) -> Term:
    flat: list[Term] = []
    for option in options:
        if type(option) is Alt:
            flat.extend(option.options)
        elif option != NULL:
            flat.append(option)
    if not flat:
        return NULL
    return Alt(tuple(flat), constant)


def _nullif(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    survey(w, node.expression, scope, group)
    first = term(w, node.this, scope, group)
    return first if type(first) is Val else _alternatives([first])


def _case(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    options: list[Term] = []
    tests = [branch.this for branch in node.args["ifs"]] + ([node.this] if node.this is not None else [])
    asked = [term(w, test, scope, group) for test in tests]
    constant = all(map(is_constant, asked))
    for branch in node.args["ifs"]:
        options.append(term(w, branch.args["true"], scope, group))
    default = node.args.get("default")
    if default is not None:
        options.append(term(w, default, scope, group))
    return _alternatives(options, constant=constant)


def _if(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    constant = is_constant(term(w, node.this, scope, group))
    options = [term(w, node.args["true"], scope, group)]
    if node.args.get("false") is not None:
        options.append(term(w, node.args["false"], scope, group))
    return _alternatives(options, constant=constant)


def _collate(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    inner = term(w, node.this, scope, group)
    if getattr(node.expression, "name", "").upper() in ("C", "POSIX", "BINARY", "UCS_BASIC", "UTF8MB4_BIN"):
        return inner
    return inner if type(inner) is Val and inner.rank is Rank.LITERAL else Other(columns_of(inner))


def _in(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    if node.args.get("query") is None or not w.among(w, node, scope, group):
        return _function(w, node, scope, group)
    left = unwrap(node.this)
    parts = left.expressions if type(left) is exp.Tuple else [left]
    return Other(frozenset().union(*(columns_of(term(w, part, scope, group)) for part in parts)))


def _dot(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    left = unwrap(node.this)
    right = node.expression
    if isinstance(right, exp.Identifier) and type(left) is exp.Column and not left.args.get("table"):
        return scope.qualified(w.index, w.index.fold(left.this), w.index.fold(right))
    if isinstance(right, (exp.Anonymous, exp.Func)):
        return _call(w, right, scope, group, schema=getattr(left, "name", ""))
    return _function(w, node, scope, group)


def _anonymous(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    return _call(w, node, scope, group)


def _call(w: Work, node: Any, scope: Scope, group: Group, schema: str = "") -> Term:
    name = (str(node.this) if type(node) is exp.Anonymous else type(node).__name__).lower()
    arguments = node.expressions if type(node) is exp.Anonymous else list(children(node))
    declared(w, node, scope, group)
    if name in ("current_setting", "session_context", "current_user_setting", "sys_context") and arguments:
        said = arguments[1 if name == "sys_context" and len(arguments) > 1 else 0]
        key = getattr(said, "name", "")
        if not isinstance(said, (exp.Literal, exp.National)) or "__hole_" in key:
            return Other(frozenset(), constant=True)
        return setting(w, key)
    if schema == "auth" and name in _JWT and not arguments:
        return Val(f"auth.{name}()", Rank.SETTING)
    if name in ("ifnull", "isnull", "nvl") and len(arguments) == 2:
        return _alternatives([term(w, a, scope, group) for a in arguments])
    if name in ("if", "iif") and len(arguments) == 3:
        survey(w, arguments[0], scope, group)
        return _alternatives([term(w, a, scope, group) for a in arguments[1:]])
    if name in ("row", "any", "some", "all"):
        return Other(frozenset().union(*(columns_of(term(w, a, scope, group)) for a in arguments)))
    if not arguments:
        return _without_arguments(w, name, schema)
    if name in _FAITHFUL and len(arguments) == 1:
        return _shown(w, node, arguments[0], name, scope, group)
    return _function(w, node, scope, group, name=name)


def _hex(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    return _shown(w, node, node.this, "hex", scope, group)


def _shown(w: Work, node: Any, argument: Any, name: str, scope: Scope, group: Group) -> Term:
    inner = term(w, argument, scope, group)
    return inner if type(inner) is Col else _function(w, node, scope, group, name=name)


def _assignment(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    """MySQL's `@x := value`: the variable is no value of the caller any more."""
    if type(node.this) is exp.Parameter:
        w.opaque["a session variable is assigned in the statement"] = None
    return _function(w, node, scope, group)


def setting(w: Work, name: str) -> Term:
    """A session setting as a value: the caller's tenant if declared, else an assumption that is named."""
    if _CLAIMS.match(name) is not None:
        return Val(f"setting {name}", Rank.SETTING)
    if name.lower() not in w.index.settings:
        w.assume(f"the setting {name} holds the caller's tenant (it is not declared)")
        if w.index.settings or not w.index.names_tenant(name):
            return Val(f"setting {name}", Rank.PRINCIPAL)
    return Val(f"setting {name}", Rank.SETTING)


def _without_arguments(w: Work, name: str, schema: str) -> Term:
    if name in _VOLATILE:
        return Other(frozenset(), constant=True)
    if name in _SESSION:
        w.assume(f"{name}() identifies the caller's tenant")
        return Val(f"{name}()", Rank.SETTING)
    if w.index.names_tenant(name):
        w.assume(f"{name}() returns the caller's tenant")
        return Val(f"{schema}.{name}()" if schema else f"{name}()", Rank.SETTING)
    return Other(frozenset(), constant=True)


def _function(w: Work, node: Any, scope: Scope, group: Group, name: str = "") -> Term:
    """Anything else: a function of constants is a constant, a function that contains a column is unknown."""
    w.spend()
    kind = type(node)
    name = name or kind.__name__.lower()
    if name.startswith("jsonpath"):
        return Val("".join(str(n.this) for n in node.walk() if isinstance(n.this, str)), Rank.LITERAL)
    keys: list[str] = []
    parts: list[str] = []
    """Names among the arguments: a field, a unit."""
    columns: frozenset[Col] = frozenset()
    rank = Rank.NONE
    hole = unknown = seen = chosen = False
    constant = True
    for child in children(node):
        if isinstance(child, _NO_VALUE):
            parts.append(child.name)
            continue
        seen = True
        inner = term(w, child, scope, group)
        if type(inner) is Val:
            keys.append(inner.key)
            rank = min(rank, inner.rank)
            continue
        if type(inner) is Alt and all(type(o) is Val for o in inner.options):
            chosen = True
            keys.append("|".join(o.key for o in inner.options if type(o) is Val))
            rank = min(rank, max(o.rank for o in inner.options if type(o) is Val))
            continue
        unknown = True
        columns |= columns_of(inner)
        hole = hole or (type(inner) is Other and inner.hole)
        constant = constant and is_constant(inner)
    if columns or hole or not constant or isinstance(node, (exp.AggFunc, exp.Window)):
        return Other(columns, hole=hole)
    if not seen:
        return _without_arguments(w, name, "")
    if unknown or name in _VOLATILE:
        return Other(frozenset(), constant=True)
    parts += [value for value in node.args.values() if type(value) is str and value != name]
    text = f"{name}({', '.join(filter(None, (*parts, *keys)))})"
    if kind is exp.Anonymous or chosen:  # what a function nobody knows gives, or which of several values it is given
        text = f"{text}\0f{w.fresh()}"
    return Val(text, rank)


def declared(w: Work, node: Any, scope: Scope, group: Group) -> bool:
    """Whether it is a function declared in the model; its tenant argument then becomes an obligation."""
    if type(node) is not exp.Anonymous:
        return False
    name = str(node.this).lower()
    if name == "set_config":
        _set_config(w, node.expressions)
    elif name in RUNS_TEXT:
        w.opaque[f"the function {name} reads what no predicate here confines"] = None
    if not w.index.functions:
        return False
    function = w.index.functions.get(str(node.this).lower())
    if function is None:
        return False
    inst = w.instance(None, function.name, group, stored=False)
    if len(node.expressions) > function.tenant_argument:
        bind(group, Col(inst, TENANT), term(w, node.expressions[function.tenant_argument], scope, group), "argument")
    w.tables[function.name] = None
    w.insts[inst].key = Col(inst, TENANT)
    w.targets.append(Target(inst, "select", function.name, None, group, nested=len(w.targets) > 0))
    return True


RUNS_TEXT = frozenset(
    {
        "query_to_xml", "query_to_xmlschema", "query_to_xml_and_xmlschema", "table_to_xml", "table_to_xmlschema",
        "table_to_xml_and_xmlschema", "cursor_to_xml", "schema_to_xml", "schema_to_xml_and_xmlschema",
        "database_to_xml", "database_to_xml_and_xmlschema", "dblink", "dblink_exec", "dblink_open", "dblink_fetch",
        "dblink_send_query", "ts_stat", "crosstab", "connectby", "pg_read_file", "pg_read_binary_file", "lo_get",
        "lo_export", "loread", "getxml", "getxmltype", "newcontext", "joinget", "joingetornull", "readfile",
        "load_file", "load_extension",
    }
)  # fmt: skip
"""Functions that run a text as a query, read a table by its name or a file: whose rows those are can't be seen."""


def _set_config(w: Work, arguments: list[Any]) -> None:
    if len(arguments) < 3 or not isinstance(arguments[0], exp.Literal):
        return
    name = arguments[0].name.lower()
    value = getattr(arguments[1], "name", "").lower()
    local = type(arguments[2]) is exp.Boolean and bool(arguments[2].this)
    if name in ("role", "session_authorization"):
        w.session["TENSQL017"] = "the role is changed"
    elif name == "row_security" and value in ("off", "false", "0", "no"):
        w.session["TENSQL017"] = "row_security is switched off"
    elif not local and w.index.is_context(name):
        w.session["TENSQL015"] = OUTLIVES


def bind(group: Group, column: Col, value: Term, why: str) -> None:
    """State that the column holds this value."""
    if value == NULL:
        group.conds.append(Null(column))
    elif type(value) is Col or type(value) is Val:
        group.conds.append(Same(column, value, why))
    elif type(value) is Alt:
        branches = []
        for option in value.options:
            branch = Group(group, Kind.BRANCH, why)
            bind(branch, column, option, why)
            branches.append(branch)
        group.conds.append(Or(tuple(branches), why))
    else:
        hole = type(value) is Other and value.hole
        group.conds.append(Atom(columns_of(value) | {column}, hole=hole, constant=is_constant(value)))


def columns_of(value: Term) -> frozenset[Col]:
    """The columns that occur in a term."""
    if type(value) is Col:
        return frozenset((value,))
    if type(value) is Other:
        return value.columns
    if type(value) is Alt:
        return frozenset().union(*(columns_of(o) for o in value.options))
    if type(value) is Merged:
        return frozenset(value.columns)
    return frozenset()


def is_constant(value: Term) -> bool:
    """Whether the term depends on no row and holds no interpolated text."""
    if type(value) is Val:
        return True
    if type(value) is Alt:
        return all(is_constant(o) for o in value.options)
    return type(value) is Other and value.constant


_Handler = Callable[[Work, Any, Scope, Group], Term]
_TERMS: dict[type, _Handler] = {
    exp.Column: _column,
    exp.Placeholder: _placeholder,
    exp.Parameter: _parameter,
    exp.Literal: _literal,
    exp.National: _literal,
    exp.RawString: _literal,
    exp.Boolean: _boolean,
    exp.Null: _null,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Coalesce: _coalesce,
    exp.Nullif: _nullif,
    exp.Case: _case,
    exp.If: _if,
    exp.Collate: _collate,
    exp.Dot: _dot,
    exp.Anonymous: _anonymous,
    exp.Hex: _hex,
    exp.In: _in,
    exp.PropertyEQ: _assignment,
}
