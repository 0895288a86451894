"""Classes around a Mongoose model whose methods hand a query on as they get it, and repositories of TypeORM or MikroORM
that have a class of their own: their callers are who asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lints.extract.ir import ClassBody, Define, Do, Func, Invoke, Name
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.catalog import Catalog
from lints.schema.facts import Entity
from lints.schema.orm import Class, Source, classes, inherited

DECLARES = rb"\bclass\s+\w{1,80}[^{}]{0,300}\bextends\s+\w{0,60}Repository\b|\bclass\s+\w{0,60}Repository\b"
_ASKS = names(
    "find findOne findById findOneAndUpdate findOneAndDelete findOneAndReplace findByIdAndUpdate findByIdAndDelete"
    " countDocuments exists aggregate updateOne updateMany deleteOne deleteMany replaceOne bulkWrite insertMany create"
)
_PASSED = regex(rf"this\.(?:\w{{1,60}}\s*\.\s*)?({'|'.join(sorted(_ASKS))})\(\s*(\w+)\s*[,)]")
_EXTENDS = regex(
    rb"\bclass\s+\w{1,80}\s+extends\s+(?:Tree|Entity|MikroOrmBaseEntity|SqlEntity|Base|Abstract)?Repository<\s*([A-Z]\w{0,80})\s*>"
)
_ORM = regex(rb"typeorm|mikro-orm")
_MADE = regex(r"\bnew\s+this\.\w{1,60}\(\s*(\w+)\s*\)")


def read_repositories(catalog: Catalog, sources: Sequence[Source]) -> None:
    """Add each class whose methods, its own or inherited, hand their first parameter to a model, and each that extends
    the repository of an entity."""
    known: dict[str, list[Class]] = {}
    for source in sources:
        for found in classes(source):
            known.setdefault(found.body.name, []).append(found)
    for group in known.values():
        for found in group:
            entity = _entity(found)
            if entity is not None:
                origin = found.source.origin(found.body.span[0], f"class {found.body.name}")
                one = Entity(
                    name=found.body.name,
                    table=entity,
                    kind="entity_repository",
                    columns={},
                    relations={},
                    origin=origin,
                )
                catalog.entities.append(one)
                continue
            passes = _passes(found, known) if "Repo" in found.body.name else {}  # else no call of it is looked at
            if passes:
                catalog.entities.append(
                    Entity(
                        name=found.body.name,
                        table=_document(found.body) or found.body.name.removesuffix("Repository"),
                        kind="mongo_repository",
                        columns={},
                        relations={},
                        origin=found.source.origin(found.body.span[0], f"class {found.body.name}"),
                        methods=passes,
                    )
                )


def _entity(found: Class) -> str | None:
    """`Boat` of `class BoatRepository extends Repository<Boat>`."""
    start = found.body.span[0]
    named = _EXTENDS.search(found.source.data[start : start + 400])
    imported = named is not None and _ORM.search(found.source.data) is not None
    return named[1].decode() if named is not None and imported else None


def _passes(found: Class, known: Mapping[str, list[Class]]) -> dict[str, tuple[str, ...]]:
    """The call of the model by the name of the method that makes it; a method of a class nearer by stands before it."""
    passes: dict[str, tuple[str, ...]] = {}
    seen: set[str] = set()
    for holder in inherited(found, known):
        for function in _methods(holder.body):
            if function.name not in seen and (call := _handed(holder.source, function)) is not None:
                passes[function.name] = (call,)
            seen.add(function.name)
    return passes


def _methods(body: ClassBody) -> list[Func]:
    return [statement.function for statement in body.body if isinstance(statement, Define)]


def _handed(source: Source, function: Func) -> str | None:
    """The one call of the model that gets the first parameter of a method as it is."""
    first = next((parameter.name for parameter in function.parameters), None)
    text = source.data[function.body_span[0] : function.body_span[1]][:4000].decode("utf-8", "replace")
    calls = {found[1] for found in _PASSED.finditer(text) if found[2] == first}
    calls |= {"create" for found in _MADE.finditer(text) if found[1] == first}
    return calls.pop() if len(calls) == 1 else None


def _document(body: ClassBody) -> str | None:
    """The model that a constructor gives to its base: `super(Boat, BoatEntity)`."""
    for function in _methods(body):
        for statement in function.lower_body() if function.name == "constructor" else ():
            call = statement.value if isinstance(statement, Do) else None
            first = (
                call.arguments[0] if isinstance(call, Invoke) and call.method == "super" and call.arguments else None
            )
            if isinstance(first, Name):
                return first.path.rpartition(".")[2]
    return None
