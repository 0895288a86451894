"""Which column names a tenant, read off the schema: the words that software has for its tenants, and those it has not."""

from __future__ import annotations

import pytest

from lints.schema import build_model, tenants
from lints.tenancy import Model


def model(*tables: str, declared: dict[str, object] | None = None) -> Model:
    script = "".join(f"CREATE TABLE {table};\n" for table in tables)
    return build_model({"migrations/1.sql": script.encode()}, declared)


def owned(found: Model) -> dict[str, str | None]:
    return {name: table.tenant_column for name, table in found.tables.items() if table.ownership == "owned"}


ORGANIZATIONS = "organizations (id uuid PRIMARY KEY, slug text UNIQUE)"
PROJECTS = "projects (id uuid PRIMARY KEY, organization_id uuid NOT NULL REFERENCES organizations (id))"
ISSUES = "issues (id uuid PRIMARY KEY, project_id uuid REFERENCES projects (id))"


def test_organizations_are_tenants_when_nothing_is_called_so() -> None:
    found = model(ORGANIZATIONS, PROJECTS, ISSUES, "labels (id int PRIMARY KEY, organization_id uuid NOT NULL)")

    assert set(found.tenant_columns) == {"organization_id"}
    assert owned(found) == {"projects": "organization_id", "labels": "organization_id"}
    assert found.tables["organizations"].ownership == "root"
    assert found.tables["issues"].ownership == "child"


@pytest.mark.parametrize(
    ("tables", "columns"),
    [
        (("a (id int, workspace_id int)", "b (id int, workspace_id int)", "workspaces (id int PRIMARY KEY)"), {"workspace_id"}),
        (('"A" (id int, "companyId" int)', '"B" (id int, "companyId" int)', '"Company" (id int PRIMARY KEY)'), {"companyId"}),
        (("a (id int, team_id int)", "b (id int, team_id int)", "teams (id int PRIMARY KEY)"), {"team_id"}),
        (("a (id int, organisation_id int)", "b (id int, org_id int)", "organisations (id int PRIMARY KEY)"), {"org_id", "organisation_id"}),
        (('a (id int, "tenantId" int)',), {"tenantId"}),
        (("a (id int, tenant text)",), {"tenant"}),
        (("a (id int, tenant_uuid uuid)", "b (id int, tenant_id uuid)"), {"tenant_id", "tenant_uuid"}),
        (("accounts (id int PRIMARY KEY, email text)", "users (id int PRIMARY KEY, account_id int REFERENCES accounts (id), password text)", "b (id int, account_id int)"), {"account_id"}),
        (tuple(f"{t} (id int, organization_id int)" for t in "abc"), {"organization_id"}),  # whose table is elsewhere
    ],
)  # fmt: skip
def test_the_word_for_a_tenant(tables: tuple[str, ...], columns: set[str]) -> None:
    assert set(model(*tables).tenant_columns) == columns


@pytest.mark.parametrize(
    ("why", "tables"),
    [
        ("one table alone", ("a (id int, organization_id int)", "organizations (id int PRIMARY KEY)")),
        ("two tables, and nothing they lead to", ("a (id int, workspace_id int)", "b (id int, workspace_id int)")),
        ("accounts of people", ("a (id int, account_id int)", "b (id int, account_id int)", "accounts (id int PRIMARY KEY, password_hash text)")),
        ("accounts that people are known by", ("a (id int, account_id int)", "accounts (id int PRIMARY KEY, email text)", "contacts (id int, account_id int REFERENCES accounts (id), email text)")),
        ("customers without a table", tuple(f"{t} (id int, customer_id int)" for t in "abcd")),
        ("users", ("a (id int, user_id int)", "b (id int, user_id int)", "users (id int PRIMARY KEY)")),
    ],
)  # fmt: skip
def test_what_is_no_tenant(why: str, tables: tuple[str, ...]) -> None:
    assert set(model(*tables).tenant_columns) == {"tenant_id"}, why


def test_the_surer_word_wins_over_one_in_a_few_tables_more() -> None:
    teams = [f"t{n} (id int PRIMARY KEY, team_id int REFERENCES teams (id))" for n in range(3)]
    found = model(
        ORGANIZATIONS, PROJECTS, "members (id int, organization_id uuid)", "teams (id int PRIMARY KEY)", *teams
    )
    assert set(found.tenant_columns) == {"organization_id"}


def test_one_odd_column_does_not_hide_the_tenants() -> None:
    """A directory's own `tenant_id` among fifty tables of organizations."""
    many = [f"t{n} (id int PRIMARY KEY, organization_id uuid NOT NULL)" for n in range(50)]
    found = model(ORGANIZATIONS, "entra_directories (id int PRIMARY KEY, tenant_id uuid)", *many)
    assert set(found.tenant_columns) == {"organization_id"}


def test_a_team_with_an_address_is_no_person() -> None:
    """Its invoices go there; who signs in does so elsewhere (an identity provider keeps the passwords)."""
    users = "users (id uuid PRIMARY KEY, email text, full_name text, team_id uuid REFERENCES teams (id))"
    found = model("teams (id uuid PRIMARY KEY, name text, email text)", users, "bills (id uuid, team_id uuid)")
    assert set(found.tenant_columns) == {"team_id"}
    assert found.tables["teams"].ownership == "root"


def test_what_is_declared_is_all_there_is() -> None:
    found = model(
        ORGANIZATIONS,
        PROJECTS,
        "b (id int, organization_id uuid, fleet_id int)",
        declared={"tenant_columns": ["fleet_id"]},
    )
    assert set(found.tenant_columns) == {"fleet_id"}
    assert owned(found) == {"b": "fleet_id"}


REALMS = "realms (id int PRIMARY KEY, name text)"
STREAMS = "streams (id int PRIMARY KEY, realm_id int NOT NULL REFERENCES realms (id))"
TOPICS = (
    "topics (id int PRIMARY KEY, realm_id int NOT NULL REFERENCES realms (id), stream_id int REFERENCES streams (id))"
)
EMOJI = "emoji (id int PRIMARY KEY, realm_id int NOT NULL REFERENCES realms (id))"


def test_what_most_tables_refer_to_is_the_tenant_whatever_it_is_called() -> None:
    found = model(
        REALMS,
        STREAMS,
        TOPICS,
        EMOJI,
        "reactions (id int, topic_id int NOT NULL REFERENCES topics (id))",
        "languages (id int)",
    )

    assert set(found.tenant_columns) == {"realm_id"}
    assert found.tables["realms"].ownership == "root"
    assert found.tables["reactions"].ownership == "child"
    assert found.tables["languages"].ownership == "unknown"


def test_a_name_in_front_of_all_tables_is_no_part_of_what_a_tenant_is_called() -> None:
    found = model(
        "clinic_practice (id int PRIMARY KEY, name text)",
        *(
            f"clinic_{name} (id int PRIMARY KEY, practice_id int NOT NULL REFERENCES clinic_practice (id))"
            for name in ("patient", "invoice", "visit")
        ),
    )

    assert found.tables["clinic_practice"].ownership == "root"
    assert owned(found) == dict.fromkeys(("clinic_patient", "clinic_invoice", "clinic_visit"), "practice_id")


@pytest.mark.parametrize(
    ("why", "tables"),
    [
        ("two tables alone", (REALMS, STREAMS, TOPICS)),
        ("too few of all", (REALMS, STREAMS, TOPICS, EMOJI, *(f"t{n} (id int PRIMARY KEY)" for n in range(4)))),
        ("it refers to something itself", ("kinds (id int PRIMARY KEY)", "realms (id int PRIMARY KEY, kind_id int REFERENCES kinds (id))", STREAMS, TOPICS, EMOJI)),
        ("people", ("realms (id int PRIMARY KEY, password text)", STREAMS, TOPICS, EMOJI)),
        ("a column not named for it", (REALMS, *(f"t{n} (id int PRIMARY KEY, place int REFERENCES realms (id))" for n in range(4)))),
        ("two that come as close", (REALMS, "moods (id int PRIMARY KEY)", *(f"t{n} (id int PRIMARY KEY, realm_id int REFERENCES realms (id), mood_id int REFERENCES moods (id))" for n in range(4)))),
    ],
)  # fmt: skip
def test_a_shape_that_says_too_little(why: str, tables: tuple[str, ...]) -> None:
    assert set(model(*tables).tenant_columns) == {"tenant_id"}, why


def test_the_column_declared_of_one_table_is_the_tenant_of_the_others_if_nothing_else_is() -> None:
    """Otherwise tables that have it would count as nobody's beside the declared one."""
    declared = {"tables": {"boats": {"ownership": "owned", "column": "berth_id"}}}
    found = model("boats (id int, berth_id int)", "logs (id int, berth_id int)", declared=declared)

    assert owned(found) == {"boats": "berth_id", "logs": "berth_id"}


def test_a_tenant_with_a_row_number_is_named_by_its_id() -> None:
    found = model(
        "workspaces (pk bigint PRIMARY KEY, id varchar(32) NOT NULL UNIQUE, slug text UNIQUE)",
        "keys (pk bigint PRIMARY KEY, id varchar(32) UNIQUE, workspace_id varchar(32) NOT NULL)",
        "apis (pk bigint PRIMARY KEY, workspace_id varchar(32) NOT NULL)",
    )
    assert (found.tables["workspaces"].ownership, found.tables["workspaces"].tenant_column) == ("root", "id")
    assert found.tables["workspaces"].principal_columns == ("slug",)


def rows(columns: str, *, count: int, key: str = "id") -> list[str]:
    return [f"t{n} (id int PRIMARY KEY, {columns}, name text, UNIQUE ({key}, name))" for n in range(count)]


@pytest.mark.parametrize(
    ("why", "tables", "columns"),
    [
        ("named as the key it leads to", ("clients (client_no int PRIMARY KEY)", *rows("client_no int REFERENCES clients (client_no)", count=4)), {"client_no"}),
        ("named as a key that has no suffix", ("mandanten (mandant int PRIMARY KEY)", *rows("mandant int REFERENCES mandanten (mandant)", count=4)), {"mandant"}),
        ("named for its table without a suffix", ("orgs (slug text PRIMARY KEY)", *rows("org text REFERENCES orgs (slug)", count=4)), {"org"}),
        ("named for its table with a number's suffix", ("depots (id int PRIMARY KEY)", *rows("depot_nr int REFERENCES depots (id)", count=4)), {"depot_nr"}),
        ("a tenant's record number", ("a (record_id int, tenant_record_id int)",), {"tenant_record_id"}),
        ("named as they like, by nearly all of many", ("networks (id int PRIMARY KEY)", *rows("nid int REFERENCES networks (id)", count=9)), {"nid"}),
        ("named as they like, in all, though a third have no foreign key", ("networks (id int PRIMARY KEY)", *rows("nid int REFERENCES networks (id)", count=9), *(f"u{n} (id int PRIMARY KEY, nid int)" for n in range(5))), {"nid"}),
        ("all hang on it, and a few have a word", ("networks (id int PRIMARY KEY)", "b (organization_id int)", "c (organization_id int)", "organizations (id int PRIMARY KEY, nid int REFERENCES networks (id))", *rows("nid int REFERENCES networks (id)", count=20)), {"nid"}),
        ("no foreign key, but most keys begin with it", tuple(rows("app_id text", count=9, key="app_id")), {"app_id"}),
    ],
)  # fmt: skip
def test_what_the_keys_say(why: str, tables: tuple[str, ...], columns: set[str]) -> None:
    assert set(model(*tables).tenant_columns) == columns, why


@pytest.mark.parametrize(
    ("why", "tables"),
    [
        ("keys of people", rows("user_id text", count=9, key="user_id")),
        ("keys of languages", rows("locale text", count=9, key="locale")),
        ("keys in a few tables", rows("app_id text", count=4, key="app_id")),
        ("a leading column that few tables have", [*rows("app_id text", count=9, key="app_id"), *(f"u{n} (id int)" for n in range(9))]),
        ("named like every table's key", ["moods (code text PRIMARY KEY)", *rows("code text REFERENCES moods (code)", count=4)]),
    ],
)  # fmt: skip
def test_keys_that_say_too_little(why: str, tables: list[str]) -> None:
    assert set(model(*tables).tenant_columns) == {"tenant_id"}, why


def documents(*fields: str) -> str:
    made = (f"const s{n} = new Schema({{ {f} }});\nmodel('Thing{n}', s{n});\n" for n, f in enumerate(fields))
    return "import { Schema, model } from 'mongoose';\n" + "".join(made)


NEST = """
import { Prop, Schema } from '@nestjs/mongoose';
@Schema() export class Boat { @Prop() workspaceId: string; @Prop() name: string; }
@Schema() export class Pier { @Prop() workspaceId: string; notes: string; }
"""


@pytest.mark.parametrize(
    ("source", "columns"),
    [
        (documents("organization: String, name: String", "organization: { type: String }"), {"organization"}),
        (documents("_organizationId: Schema.Types.ObjectId", "_organizationId: { type: String }"), {"_organizationId"}),
        (documents("tenantId: String, organizationId: String", "tenantId: String"), {"tenantId"}),
        (documents("organization: String", "name: String"), {"tenant_id"}),
        (NEST, {"workspaceId"}),
        ("customElements.define('my-boats', { tenantId: 1 });", {"tenant_id"}),
    ],
)
def test_documents_say_by_which_field_they_name_their_tenant(source: str, columns: set[str]) -> None:
    found = build_model({"src/models.ts": source.encode()}, None)
    assert set(found.tenant_columns) == columns


def test_documents_that_name_no_tenant_are_asked_about_once_for_each() -> None:
    source = documents(
        "organization: String", "organization: String, at: Date", "email: String", "x: { ref: 'Thing0' }"
    )
    more = "model('Organization', new Schema({ name: String }));"
    found = build_model({"src/models.ts": (source + more).encode()}, None)
    assert {name: str(table.ownership) for name, table in found.tables.items()} == {"Thing2": "unknown"}


def test_spaces_are_tenants_when_nothing_surer_is_there() -> None:
    polls = ("polls (id uuid, space_id uuid REFERENCES spaces (id))", "events (id uuid, space_id uuid)")
    assert set(model("spaces (id uuid PRIMARY KEY, name text)", *polls).tenant_columns) == {"space_id"}
    both = model(ORGANIZATIONS, PROJECTS, "spaces (id uuid PRIMARY KEY)", *polls, "b (organization_id uuid)")
    assert set(both.tenant_columns) == {"organization_id"}
    assert set(model("parking (id uuid PRIMARY KEY, space_id uuid)", "bays (space_id uuid)").tenant_columns) == {
        "tenant_id"
    }


def test_an_owner_that_the_keys_of_nearly_all_tables_begin_with_names_the_tenant() -> None:
    keyed = [f"t{i} (owner text, name text, PRIMARY KEY (owner, name))" for i in range(9)]
    assert set(model(*keyed, "settings (id int PRIMARY KEY)").tenant_columns) == {"owner"}
    assert set(model(*keyed[:6], *(f"u{i} (id int PRIMARY KEY, owner text)" for i in range(4))).tenant_columns) == {
        "tenant_id"
    }


BANK = """
CREATE TABLE users (id int PRIMARY KEY, email text, password text);
CREATE TABLE accounts (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users (id), iban text);
CREATE TABLE transactions (id int PRIMARY KEY, account_id int NOT NULL REFERENCES accounts (id), cents int);
CREATE TABLE piggy_banks (id int PRIMARY KEY, account_id int NOT NULL REFERENCES accounts (id), target int);
CREATE TABLE account_meta (id int PRIMARY KEY, account_id int NOT NULL REFERENCES accounts (id), data text);
"""
MEMBERS = "CREATE TABLE account_users (id int PRIMARY KEY, account_id int REFERENCES accounts (id), user_id int);"


@pytest.mark.parametrize(
    ("more", "root"),
    [
        ("", False),
        (MEMBERS, True),
        ("ALTER TABLE users ADD COLUMN account_id int REFERENCES accounts (id);", True),
        ("CREATE TABLE AccountMember (account_id int, userUid text, PRIMARY KEY (account_id, userUid));", True),
        ("CREATE TABLE payees (id int PRIMARY KEY, account_id int, user_id int, a int, b int, c int);", False),
    ],
)
def test_accounts_that_nobody_belongs_to_are_no_tenants(more: str, root: bool) -> None:
    found_model = build_model({"migrations/1.sql": (BANK + more).encode()}, None)
    assert (found_model.tables["accounts"].ownership == "root") is root


def test_a_schema_without_people_says_nothing_of_who_belongs_to_its_accounts() -> None:
    found_model = build_model(
        {"migrations/1.sql": BANK.replace("users", "holders").replace("password", "note").encode()}, None
    )
    assert found_model.tables["accounts"].ownership == "root"


TWO_LEVELS = """
CREATE TABLE users (id uuid PRIMARY KEY, email text, password text);
CREATE TABLE organizations (id uuid PRIMARY KEY, name text);
CREATE TABLE memberships (organization_id uuid NOT NULL REFERENCES organizations (id), user_id uuid REFERENCES users (id));
CREATE TABLE invoices (id uuid PRIMARY KEY, organization_id uuid NOT NULL REFERENCES organizations (id));
CREATE TABLE projects (id uuid PRIMARY KEY, org_id uuid NOT NULL REFERENCES organizations (id), lead_id uuid REFERENCES users (id));
CREATE TABLE traces (id uuid PRIMARY KEY, project_id uuid NOT NULL REFERENCES projects (id));
CREATE TABLE scores (id uuid PRIMARY KEY, project_id uuid NOT NULL REFERENCES projects (id));
CREATE TABLE prompts (id uuid PRIMARY KEY, project_id uuid NOT NULL REFERENCES projects (id));
"""


def test_of_two_levels_the_inner_one_is_proposed_with_why() -> None:
    found_model = build_model({"migrations/1.sql": TWO_LEVELS.encode()}, None)
    found = tenants.levels(found_model.tables)
    assert found is not None
    assert (found.inner, found.outer) == ("projects", "organizations")
    assert (found.inner_columns, found.outer_columns) == (("project_id",), ("organization_id",))
    assert found.named_by_inner == ("prompts", "scores", "traces")
    assert found.named_by_outer == ("invoices", "memberships")

    declared = {"version": 1, "tenant_columns": [*found.inner_columns, *found.outer_columns]}
    found_model = build_model({"migrations/1.sql": TWO_LEVELS.encode()}, declared)
    assert found_model.tables["traces"].tenant_column == "project_id"
    assert found_model.tables["invoices"].tenant_column == "organization_id"


@pytest.mark.parametrize(
    "change",
    [
        ("project_id uuid NOT NULL REFERENCES projects (id));\nCREATE TABLE scores", "a int);\nCREATE TABLE scores"),
        ("project_id uuid NOT NULL", "organization_id uuid REFERENCES organizations (id), project_id uuid NOT NULL"),
        ("org_id uuid NOT NULL", "org_id uuid"),
        ("projects (id uuid PRIMARY KEY,", "projects (id uuid PRIMARY KEY, email text, password text,"),
    ],
)
def test_what_is_no_second_level(change: tuple[str, str]) -> None:
    found_model = build_model({"migrations/1.sql": TWO_LEVELS.replace(*change).encode()}, None)
    assert tenants.levels(found_model.tables) is None
