"""MyBatis-Plus end to end: tables by annotation, wrappers, mappers, the interceptor that adds the tenant."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

MODELS = """
@Data
@TableName(value = "boats", autoResultMap = true)
public class Boat extends TenantBase {
    @TableId private Long id;
    private String name;
    @TableField(exist = false) private String shown;
}
public abstract class TenantBase {
    private Long tenantId;
}
@TableName("sails")
public class Sail {
    @TableId private Long id;
    private Long boatId;
}
"""
MAPPER = """
public interface BoatMapper extends BaseMapperX<Boat> {{
    default Boat found(String n, Long t) {{ return {}; }}
    @InterceptorIgnore(tenantLine = "true")
    @Select("SELECT * FROM boats WHERE id = #{{id}}")
    Boat anyones(Long id);
}}
"""
USES = """
class Harbour {{
    @Resource private BoatMapper boatMapper;
    Object f(Long id, Long t, String n, boolean all, LambdaQueryWrapper<Boat> given) {{
        {}
    }}
}}
"""
UNSCOPED, CONDITIONAL, OR, UNSEEN = "TENORM001", "TENORM005", "TENORM006", "TENORM013"
CALLS: dict[str, tuple[str, str | None]] = {
    "by key": ("return boatMapper.selectById(id);", UNSCOPED),
    "changed by key": ("boatMapper.updateById(new Boat(id, n)); return null;", UNSCOPED),
    "deleted by keys": ("return boatMapper.deleteByIds(ids);", UNSCOPED),
    "without a wrapper": ("return boatMapper.selectList(null);", UNSCOPED),
    "a property": (
        "return boatMapper.selectOne(new LambdaQueryWrapper<Boat>().eq(Boat::getId, id).eq(Boat::getTenantId, t));",
        None,
    ),
    "a column": ('return boatMapper.selectList(new QueryWrapper<Boat>().eq("tenant_id", t));', None),
    "another property": (
        "return boatMapper.selectCount(new LambdaQueryWrapper<Boat>().eq(Boat::getName, n));",
        UNSCOPED,
    ),
    "what is selected compares nothing": (
        "return boatMapper.selectList(new LambdaQueryWrapper<Boat>().select(Boat::getTenantId).eq(Boat::getName, n));",
        UNSCOPED,
    ),
    "a comparison that is no equality": (
        "return boatMapper.selectList(Wrappers.<Boat>lambdaQuery().ne(Boat::getTenantId, t));",
        UNSCOPED,
    ),
    "or": (
        "return boatMapper.selectList(Wrappers.<Boat>lambdaQuery().eq(Boat::getTenantId, t).or().eq(Boat::getName, n));",
        OR,
    ),
    "or in brackets": (
        (
            "return boatMapper.selectList(Wrappers.lambdaQuery(Boat.class).eq(Boat::getTenantId, t)"
            ".and(w -> w.eq(Boat::getName, n).or().isNull(Boat::getName)));"
        ),
        None,
    ),
    "the tenant in one branch of brackets": (
        (
            "return boatMapper.selectList(Wrappers.lambdaQuery(Boat.class).eq(Boat::getName, n)"
            ".and(w -> w.eq(Boat::getTenantId, t).or().isNull(Boat::getName)));"
        ),
        OR,
    ),
    "if something holds": (
        "return boatMapper.selectList(Wrappers.lambdaQuery(Boat.class).eq(t != null, Boat::getTenantId, t));",
        CONDITIONAL,
    ),
    "if it is present": (
        "return boatMapper.selectPage(page, new LambdaQueryWrapperX<Boat>().eqIfPresent(Boat::getTenantId, t));",
        CONDITIONAL,
    ),
    "on some paths": (
        (
            "LambdaQueryWrapper<Boat> w = new LambdaQueryWrapper<>(); w.eq(Boat::getName, n).orderByAsc(Boat::getId);"
            " if (!all) { w.eq(Boat::getTenantId, t); } return boatMapper.selectList(w);"
        ),
        CONDITIONAL,
    ),
    "on every path": (
        (
            "LambdaQueryWrapper<Boat> w = new LambdaQueryWrapper<>(); w.eq(Boat::getName, n).eq(Boat::getTenantId, t);"
            " return boatMapper.selectList(w);"
        ),
        None,
    ),
    "an or in a statement of its own": (
        (
            "LambdaQueryWrapper<Boat> w = new LambdaQueryWrapper<>(); w.eq(Boat::getTenantId, t);"
            " w.or().eq(Boat::getName, n); return boatMapper.selectList(w);"
        ),
        OR,
    ),
    "a wrapper from elsewhere": ("return boatMapper.selectList(given);", UNSEEN),
    "SQL at the end": (
        'return boatMapper.selectList(Wrappers.<Boat>lambdaQuery().eq(Boat::getTenantId, t).last("or 1 = 1"));',
        UNSEEN,
    ),
    "a limit at the end": (
        'return boatMapper.selectList(Wrappers.<Boat>lambdaQuery().eq(Boat::getTenantId, t).last("LIMIT 1"));',
        None,
    ),
    "applied SQL": (
        'return boatMapper.selectList(Wrappers.<Boat>lambdaQuery().apply("tenant_id = {0}", t));',
        None,
    ),
    "rows changed": (
        "boatMapper.update(null, new LambdaUpdateWrapper<Boat>().set(Boat::getName, n).eq(Boat::getId, id)); return 1;",
        UNSCOPED,
    ),
    "rows deleted": ("return boatMapper.delete(new QueryWrapper<Boat>().lambda().eq(Boat::getTenantId, t));", None),
}
OWN: dict[str, tuple[str, str | None]] = {
    "one property": ("selectOne(Boat::getName, n)", UNSCOPED),
    "two properties": ("selectOne(Boat::getName, n, Boat::getTenantId, t)", None),
}
DECLARED = {"tenant_columns": ["tenant_id"]}


def rows(files: dict[str, str]) -> list[tuple[str, str | None]]:
    data = {path: text.encode() for path, text in files.items()}
    found = scan(sorted(data.items()), build_model(data, DECLARED), declared=DECLARED)
    return [(row.verdict, row.rule) for row in found.accesses if row.path == "src/Harbour.java"]


def wanted(rule: str | None) -> list[tuple[str, str | None]]:
    return [("proven" if rule is None else "opaque" if rule == UNSEEN else "violation", rule)]


@pytest.mark.parametrize("name", CALLS)
def test_wrappers(name: str) -> None:
    use, rule = CALLS[name]
    files = {
        "src/Boat.java": MODELS,
        "src/BoatMapper.java": MAPPER.format("null"),
        "src/Harbour.java": USES.format(use),
    }
    assert rows(files) == wanted(rule)


@pytest.mark.parametrize("name", OWN)
def test_methods_of_a_mapper(name: str) -> None:
    use, rule = OWN[name]
    found = rows({"src/Boat.java": MODELS, "src/Harbour.java": MAPPER.format(use)})
    assert found[:1] == wanted(rule)


INTERCEPTOR = "class Config { Object a() { return new TenantLineInnerInterceptor(new Handler()); } }"
IGNORED = "return boatMapper.anyones(id);"


def test_the_interceptor_is_an_assumption() -> None:
    use, _ = CALLS["by key"]
    files = {"src/Boat.java": MODELS, "src/BoatMapper.java": MAPPER.format("null"), "src/Config.java": INTERCEPTOR}
    assert rows({**files, "src/Harbour.java": USES.format(use)}) == [("weak", "TENORM014")]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("SELECT * FROM boats WHERE id = #{id}", ("weak", "TENORM014")),
        ("SELECT * FROM boats ${ew.customSqlSegment}", ("weak", "TENORM014")),
        ("SELECT * FROM ${table} WHERE id = #{id}", ("opaque", "TENSQL013")),
    ],
)
def test_the_interceptor_reads_what_a_mapper_states(text: str, row: tuple[str, str]) -> None:
    source = f'public interface BoatMapper extends BaseMapper<Boat> {{\n @Select("{text}")\n Boat own(Long id);\n}}'
    found = rows({"src/Boat.java": MODELS, "src/Harbour.java": source, "src/Config.java": INTERCEPTOR})
    assert found == [row]


def test_a_method_with_sql_of_its_own_is_judged_where_it_stands() -> None:
    files = {"src/Boat.java": MODELS, "src/BoatMapper.java": MAPPER.format("null")}
    assert rows({**files, "src/Harbour.java": USES.format(IGNORED)}) == []


STATED: dict[str, tuple[str, str]] = {
    "the tenant": ('"SELECT * FROM boats WHERE id = #{id} AND tenant_id = #{t}"', "proven"),
    "the tenant first": ('"SELECT * FROM boats WHERE tenant_id = #{t,jdbcType=BIGINT} AND name = #{n}"', "proven"),
    "without it": ('"SELECT * FROM boats WHERE id = #{id}"', "violation"),
    "an or": ('"SELECT * FROM boats WHERE tenant_id = #{t} OR id = #{id}"', "violation"),
    "text": ('"SELECT * FROM boats WHERE ${condition}"', "opaque"),
    "a script": (
        "\"<script>SELECT * FROM boats WHERE tenant_id = #{t}<if test='n != null'> AND name = #{n}</if></script>\"",
        "proven",
    ),
    "a script with the tenant on some paths": (
        '{"<script>", "SELECT * FROM boats WHERE id = #{id}", "<if test=\'t != null\'> AND tenant_id = #{t}</if>", "</script>"}',
        "violation",
    ),
}


@pytest.mark.parametrize("name", STATED)
def test_annotations(name: str) -> None:
    text, verdict = STATED[name]
    source = (
        f"public interface BoatMapper extends BaseMapper<Boat> {{\n @Select({text})\n Boat own(Long id, Long t);\n}}"
    )
    found = rows({"src/Boat.java": MODELS, "src/Harbour.java": source})
    assert {verdict for verdict, _ in found} == {verdict}
