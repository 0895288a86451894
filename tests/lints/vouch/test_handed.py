"""The key of an object is that of a row that was loaded only if something may have loaded it."""

from __future__ import annotations

import pytest

from .test_vouch import judged

_SET = "await prisma.doc.update({ where: { id: %s.id }, data: { title: 'x' } });"


def _ts(head: str, *lines: str) -> tuple[str, str]:
    body = "\n  ".join(lines)
    return "a.ts", f"export const save = async ({head}) => {{\n  {body}\n}};\n"


def _py(head: str, *lines: str) -> tuple[str, str]:
    body = "\n    ".join(lines)
    return "a.py", f"from app.models import Doc\ndef save({head}):\n    {body}\n"


OPEN = {
    "a part of a parameter": _ts("page: TPage", _SET % "page.doc"),
    "taken out of a parameter": _ts("page: TPage", "const { title, doc } = page;", _SET % "doc"),
    "taken out under another name": _ts("page: TPage", "const { doc: mine, ...rest } = page;", _SET % "mine"),
    "a part that has a name": _ts("page: TPage", "const doc = page.doc ?? null;", _SET % "doc"),
    "a row is put under another then": _ts("page: TPage", "await prisma.note.update({ where: { id: page.note.id }, data: { docId: other } });"),
    "parsed": _ts("raw: unknown", "const doc = schema.parse(raw);", _SET % "doc"),
    "parsed, and taken out": _ts("raw: unknown", "const { doc } = parseWithFields(schema, raw);", _SET % "doc"),
    "what a row is loaded for": _ts("doc: TDoc", "const before = await getDoc(doc.id);", _SET % "doc"),
    "what a row is loaded for, by a name": _ts("doc: TDoc", "const key = doc.id;", "const before = await getDoc(key);", _SET % "doc"),
    "python, a part": _py("wanted", "Doc.objects.filter(id=wanted.doc.id).delete()"),
    "python, parsed": _py("raw", "doc = DocIn.model_validate(raw)", "Doc.objects.filter(id=doc.id).delete()"),
    "python, what a row is loaded for": _py("doc", "old = get_doc(doc.id)", "Doc.objects.filter(id=doc.id).update(title='')"),
}  # fmt: skip
HELD = {
    "the parameter itself": _ts("doc: TDoc", _SET % "doc"),
    "a part of a row, by its type": _ts("page: Page", _SET % "page.doc"),
    "a part of a row, by what is like its type": _ts("page: PageWithDoc", _SET % "page.doc"),
    "one of several that are handed by name": _ts("{ doc, title }: Props", _SET % "doc"),
    "an argument among others by name": _ts("params: { doc: TDoc; title: string }", "const { doc } = params;", _SET % "doc"),
    "given by a function": _ts("page: TPage", "const doc = await load(page);", _SET % "doc"),
    "a part, or what was loaded": _ts("page: TPage", "let doc = page.doc;", "doc = await load(page);", _SET % "doc"),
    "loaded again under its own name": _ts("doc: TDoc", "doc = await getDoc(doc.id);", _SET % "doc"),
    "python, by its name": _py("page", "Doc.objects.filter(id=page.doc.id).delete()"),
    "python, by what a row is called": _py("instance", "Doc.objects.filter(id=instance.doc.id).delete()"),
    "every caller has loaded it": (
        "a.ts",
        "const save = async (page: TPage) => {\n  " + _SET % "page.doc" + "\n};\nexport const main = async (id, tenantId) => {\n"
        "  const found = await prisma.page.findFirstOrThrow({ where: { id, doc: { tenantId } } });\n  await save(found);\n};\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OPEN)
def test_nothing_has_loaded_it(name: str) -> None:
    [row] = judged(*OPEN[name])

    assert (row.verdict, row.rule) == ("violation", "TENORM001"), row.why


@pytest.mark.parametrize("name", HELD)
def test_something_may_have_loaded_it(name: str) -> None:
    row = judged(*HELD[name])[0]

    assert (row.verdict, row.rule) == ("weak", "TENORM003"), row.why


def test_a_question_about_the_object_is_one_about_its_key() -> None:
    [row] = judged(*_ts("page: TPage, tenantId", "await assertDocOfTenant(page.doc, tenantId);", _SET % "page.doc"))

    assert (row.verdict, row.rule) == ("weak", "TENORM010"), row.why


def test_what_a_row_is_loaded_for_in_go_is_not_loaded() -> None:
    code = (
        "package a\n\nfunc (s *S) Update(ctx context.Context, doc *model.Doc) error {\n\tbefore, err := s.GetDoc(doc.ID)\n"
        "\tif err != nil {\n\t\treturn err\n\t}\n"
        '\treturn s.db.Model(&model.Doc{}).Where("id = ?", doc.ID).Update("title", before.Title).Error\n}\n'
    )
    [row] = judged("a.go", code)

    assert (row.verdict, row.rule) == ("violation", "TENORM001"), row.why
