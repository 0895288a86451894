"""What is known of a piece of code beside its statements: whose word the tenant is, and on whose behalf code runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class About(StrEnum):
    """What a fact is about."""

    CLIENT = "client"  # `name` holds what the client of a request sent
    DEFAULT = "default"  # `name`, if nobody gave it, is a constant of the code
    PROCESS = "process"  # the tenant `name` is kept in a variable of the whole process
    JOB = "job"  # the function runs in the background, and nothing in it names a tenant
    LEAVES = "leaves"  # `name`, the client's word for a tenant, is handed as it came to what stands in another module
    APART = (
        "apart"  # `name`, which a client names, is handed to what stands elsewhere, and `checked` is what was asked of
    )
    BECOMES = "becomes"  # `name`, the client's word, becomes what others take for the tenant, under the name `said`
    STAFF = "staff"  # what stands in the file serves people of the company, who may see every tenant
    REACHED = "reached"  # the function is called, within its module, by what answers a request


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A fact about the lines `line` to `end_line`, counted from 1.

    `name` is how code spells the value (`tenantId`, `req.body.tenantId`), or the function; `said` is where it comes
    from, as written. `checked` is the check that a client's value goes through, from `checked_line` on. `where` is the
    line of what is said; a fact that is a finding by itself has the column and the text of it.
    """

    about: About
    line: int
    end_line: int
    name: str
    said: str
    where: int
    channel: str = ""
    """How a client's value came: body, query, header, path."""
    checked: str | None = None
    checked_line: int = 0
    before: bool = False
    """Nothing in the function checks it, only what stands before: that knows the tenant and the path, no other rows."""
    column: int = 0
    end_column: int = 0
    text: str = ""
    function: str = ""
    through: tuple[str, ...] = ()
    """What background work goes through: names of the decorators, bases and calls of its function."""
