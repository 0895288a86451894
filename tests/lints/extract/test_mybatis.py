"""MyBatis mappers: the texts that tags put together, and what is said of them."""

from __future__ import annotations

import pytest

from lints.extract import extract
from lints.scan import scan
from lints.schema import build_model

SCHEMA = b"""CREATE TABLE tenants (id bigint PRIMARY KEY);
CREATE TABLE boats (id bigint PRIMARY KEY, tenant_id bigint NOT NULL REFERENCES tenants (id), name text, open int);
CREATE TABLE weather (id bigint PRIMARY KEY, day date);
"""
MODEL = build_model({"db/schema.sql": SCHEMA}, None)
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE mapper PUBLIC "-//mybatis.org//DTD Mapper 3.0//EN" "http://mybatis.org/dtd/mybatis-3-mapper.dtd">
<mapper namespace="fleet.BoatMapper">
<sql id="mine">tenant_id = #{tenantId}</sql>
<sql id="of">${alias}.tenant_id = #{tenantId}</sql>
"""
SELECT = '<select id="a">SELECT * FROM boats WHERE {}</select>'
PATH = "src/main/resources/mapper/BoatMapper.xml"

CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "with the tenant": (
        '<select id="a">SELECT * FROM boats WHERE id = #{id} AND tenant_id = #{tenantId,jdbcType=BIGINT}</select>',
        [("proven", None)],
    ),
    "a comparison in a condition": (
        ('<select id="a">SELECT * FROM boats WHERE tenant_id = #{t} <if test="ids != null and ids.size() > 0">AND id = #{i}</if>'
        "<if test='n > 1'>AND name = #{n}</if></select>"),
        [("proven", None)],
    ),
    "what a generator writes to insert": (
        ('<insert id="a">insert into boats <trim prefix="(" suffix=")" suffixOverrides=","><if test="id != null">id,</if>'
        '<if test="tenantId != null">tenant_id,</if></trim> <trim prefix="values (" suffix=")" suffixOverrides=",">'
        '<if test="id != null">#{id,jdbcType=BIGINT},</if><if test="tenantId != null">#{tenantId},</if></trim></insert>'),
        [("proven", None)],
    ),
    "what a generator writes to insert, without the tenant": (
        ('<insert id="a">insert into boats <trim prefix="(" suffix=")" suffixOverrides=","><if test="id != null">id,</if>'
        '<if test="name != null">name,</if></trim> <trim prefix="values (" suffix=")" suffixOverrides=",">'
        '<if test="id != null">#{id},</if><if test="name != null">#{name},</if></trim></insert>'),
        [("violation", "TENSQL004")],
    ),
    "what a generator writes to insert columns that are chosen": (
        ('<insert id="a">insert into weather ( <foreach collection="selective" item="c" separator=",">${c.name}</foreach> )'
        ' values <foreach collection="list" item="i" separator=",">( <foreach collection="selective" item="c" separator=",">'
        "<if test=\"'id' == c.value\">#{i.id}</if><if test=\"'day' == c.value\">#{i.day}</if></foreach> )</foreach></insert>"),
        [],
    ),
    "conditions in brackets that may not be there": (
        ('<select id="a">SELECT * FROM boats WHERE 1 = 1 <trim prefix="AND (" suffix=")" prefixOverrides="OR">'
        '<if test="t != null">OR tenant_id = #{t}</if></trim></select>'),
        [("violation", "TENSQL005")],
    ),
    "a loop over conditions": (
        ('<select id="a">SELECT * FROM boats <where><foreach collection="cs" separator="and">'
        '<if test="t != null">tenant_id = #{t}</if><if test="n != null">name = #{n}</if></foreach></where></select>'),
        [("violation", "TENSQL001")],
    ),
    "by its key": ('<select id="a">SELECT * FROM boats WHERE id = #{id}</select>', [("violation", "TENSQL001")]),
    "on some paths": (
        '<select id="a">SELECT * FROM boats WHERE 1 = 1 <if test="tenantId != null">AND tenant_id = #{tenantId}</if></select>',
        [("violation", "TENSQL005")],
    ),
    "always, beside what is not": (
        '<select id="a">SELECT * FROM boats <where><if test="n != null">AND name = #{n}</if> AND tenant_id = #{t}</where></select>',
        [("proven", None)],
    ),
    "only where something is given": (
        '<select id="a">SELECT * FROM boats <where><if test="t != null">AND tenant_id = #{t}</if></where></select>',
        [("violation", "TENSQL005")],
    ),
    "each alternative": (
        SELECT.replace("{}",
            '<choose><when test="a">tenant_id = #{t} AND id = #{i}</when><when test="b">tenant_id = #{t}</when>'
            "<otherwise>tenant_id = #{t} AND open = 1</otherwise></choose>"
        ),
        [("proven", None)],
    ),
    "all alternatives but one": (
        SELECT.replace("{}",
            '<choose><when test="a">tenant_id = #{t}</when><when test="b">id = #{i}</when>'
            "<otherwise>tenant_id = #{t}</otherwise></choose>"
        ),
        [("violation", "TENSQL005")],
    ),
    "a fragment": (
        '<delete id="a">DELETE FROM boats WHERE id = #{id} AND <include refid="mine"/></delete>',
        [("proven", None)],
    ),
    "a fragment with its properties": (
        '<select id="a">SELECT b.* FROM boats b WHERE <include refid="of"><property name="alias" value="b"/></include></select>',
        [("proven", None)],
    ),
    "an update": (
        '<update id="a">UPDATE boats <set><if test="n != null">name = #{n},</if> open = 1,</set> WHERE id = #{id}</update>',
        [("violation", "TENSQL002")],
    ),
    "many": (
        SELECT.replace("{}", 'tenant_id = #{t} AND id IN <foreach item="i" open="(" close=")" separator=",">#{i}</foreach>'),
        [("proven", None)],
    ),
    "CDATA and entities": (
        '<select id="a"><![CDATA[ SELECT * FROM boats WHERE open < 3 ]]> AND id &lt; 5 AND tenant_id = #{t}</select>',
        [("proven", None)],
    ),
    "a wrapper's conditions": (
        '<select id="a">SELECT * FROM boats ${ew.customSqlSegment}</select>',
        [("opaque", "TENSQL013")],
    ),
    "what is commented out": (
        '<select id="a">SELECT * FROM boats WHERE id = #{id} <!-- AND tenant_id = #{t} --></select>',
        [("violation", "TENSQL001")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), CASES.values(), ids=CASES.keys())
def test_statements(body: str, expected: list[tuple[str, str | None]]) -> None:
    rows = scan([(PATH, f"{HEAD}{body}</mapper>".encode())], MODEL).accesses
    assert [(row.verdict, row.rule) for row in rows] == expected, [row.sql for row in rows]


def test_where_it_stands() -> None:
    found = extract(PATH, f'{HEAD}<select id="byKey">\nSELECT 1 FROM boats\n</select></mapper>'.encode())
    (one,) = found.statements
    assert (one.line, one.end_line, one.call and one.call.method) == (6, 8, "byKey")


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "<select id='a'>SELECT 1 FROM boats",
        HEAD + "<if>" * 5000 + "</mapper>",
        HEAD + '<select id="a">' + "<if test='a'>" * 30 + "SELECT" + "</if>" * 30 + "</select></mapper>",
        HEAD
        + '<sql id="x"><include refid="x"/><include refid="x"/></sql><select id="a">SELECT <include refid="x"/></select></mapper>',
        "<!DOCTYPE a [<!ENTITY b '&c;&c;'>]><mapper namespace='a'>&b;</mapper>",
    ],
)
def test_hostile_files_end(text: str) -> None:
    found = extract(PATH, text.encode())
    assert found.analysed
    assert found.statements or found.problems or "<select" not in text


def test_other_xml_is_none_of_its_business() -> None:
    assert extract("pom.xml", b"<project/>").analysed is False
    assert extract(PATH, b"<beans><select>SELECT * FROM boats</select></beans>").statements == ()


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("src/main/resources/mapper/Boat.xml", True),
        ("src/main/resources/org/x/db/mapping/entity/Boat.xml", True),
        ("resources/sqlmap/boat.xml", True),
        ("resources/sql-maps/a/boat.xml", True),
        ("src/main/java/x/dao/boat.xml", True),
        ("conf/mybatis-mappers/boat.xml", True),
        ("src/BoatMapper.xml", True),
        ("pom.xml", False),
        ("src/main/resources/logback.xml", False),
    ],
)
def test_where_mappers_stand(path: str, read: bool) -> None:
    text = HEAD + '<select id="a">SELECT * FROM boats WHERE id = #{id}</select></mapper>'
    assert bool(extract(path, text.encode()).statements) is read
