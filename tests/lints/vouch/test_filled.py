"""An ORM of Go leaves out what is empty: the function has to leave before; the name of a bad case is the mistake."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

SCHEMA = b"""CREATE TABLE tenants (id text PRIMARY KEY);
CREATE TABLE boats (id text PRIMARY KEY, tenant_id text NOT NULL REFERENCES tenants (id), name text);"""
_MODEL = "package a\n\ntype Boat struct {\n\tID string\n\tTenantID string\n\tName string\n}\n"
_LOAD = "db.Where(&Boat{TenantID: tenant, Name: name}).Find(&boats)"
GUARDED = {
    "left where it is empty": ('if tenant == "" {', "\treturn ErrGone", "}"),
    "left where one of them is empty": ('if name == "" || tenant == "" {', "\treturn ErrGone", "}"),
    "left where it has no length": ("if len(tenant) == 0 {", "\treturn ErrGone", "}"),
    "left where it is blank": ('if strings.TrimSpace(tenant) == "" {', "\tpanic(1)", "}"),
    "the other way round": ('if "" == tenant {', "\treturn ErrGone", "}"),
    "only where it is not": ('if tenant != "" && name != "" {', "\t@", "}"),
    "in the other branch": ('if tenant == "" {', "\tname = tenant", "} else {", "\t@", "}"),
    "left after a word": ('if tenant == "" {', '\tlog.Print("no tenant")', "\treturn ErrGone", "}"),
}
OPEN = {
    "nothing is asked": (),
    "another one is asked": ('if name == "" {', "\treturn ErrGone", "}"),
    "only where both are empty": ('if name == "" && tenant == "" {', "\treturn ErrGone", "}"),
    "it is only said": ('if tenant == "" {', '\tlog.Print("no tenant")', "}"),
    "asked afterwards": ("@", 'if tenant == "" {', "\treturn ErrGone", "}"),
    "it gets another value": ('if tenant == "" {', "\treturn ErrGone", "}", "tenant = other(name)"),
    "left where it is something": ('if tenant != "" {', "\treturn ErrGone", "}"),
    "asked in another branch": ("if deep {", '\tif tenant == "" {', "\t\treturn ErrGone", "\t}", "}"),
    "one of them is something": ('if tenant != "" || name != "" {', "\t@", "}"),
}


def judged(lines: tuple[str, ...], head: str = "tenant string, name string") -> list[tuple[str, str | None]]:
    body = lines if any("@" in line for line in lines) else (*lines, "@")
    code = "\n".join("\t" + line.replace("@", _LOAD) for line in body)
    text = f"{_MODEL}\nfunc list(db *gorm.DB, {head}) error {{\n\tvar boats []Boat\n{code}\n\treturn nil\n}}\n"
    files = {"1.sql": SCHEMA, "a.go": text.encode()}
    return [(a.verdict, a.rule) for a in scan(files.items(), build_model(files, {})).accesses if a.path == "a.go"]


@pytest.mark.parametrize("name", GUARDED)
def test_it_holds_something(name: str) -> None:
    assert judged(GUARDED[name]) == [("proven", None)]


@pytest.mark.parametrize("name", OPEN)
def test_it_may_be_empty(name: str) -> None:
    assert judged(OPEN[name]) == [("violation", "TENORM007")]


def test_what_comes_from_elsewhere_is_taken_to_be_something() -> None:
    assert judged(("tenant := tenantOf(ctx)",), "ctx context.Context, name string") == [("weak", "TENORM007")]
