"""Where in the bytes of a file a call of an ORM, a document store or a search index may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from lints.patterns import regex
from lints.search import Search, named

_ENTITY = rb"(?:func\.\w{1,30}\(\s*)?(?:[a-z_]{1,30}\.){0,2}(?:[A-Z]|\w{0,30}model\b|cls\b|\w{1,60}\.c\.)"
"""A class as a first argument: `Boat`, `models.Boat.id`, `func.count(Boat.id)`, `self.model`, `cls`."""

_HITS: Mapping[str, tuple[bytes, ...]] = {
    "python": (
        rb"\.\w*objects\b",
        rb"\._(?:default|base)_manager\b",
        rb"\.a?save\(",
        rb"\.copy_(?:records_to_table|to_table|from|from_table)\(",
        rb"execute_values\(",
        rb"View\)\s*:",
        rb"(?:return|=|del|await)\s[A-Z]\w*[a-z]\w*\[[a-z_]",
        rb"\n\s+[A-Z]\w*[a-z]\w*\[[a-z_][\w.]*\]\s*=[^=]",
        rb"\.(?:get_or_none|get_by_id|delete_by_id|set_by_id|insert_many)\(",
        (
            rb"\.(?:filter|get|exclude|create|get_or_create|update_or_create|update|insert|exists|replace)"
            rb"\(\s*(?:\w{1,40}\s*=|Q\(|\*\*)"
        ),
        rb"\.bulk_(?:create|update)\(",
        rb"\.all\(\)",
        rb"\.in_bulk\(",
        rb"\.(?:get|update)\(\s*\{?\(?[A-Z]\w*\.",
        rb"\.(?:select|bulk_create)\(\s*[A-Z\[]",
        rb"_or_404\(",
        rb"get_\w{0,30}(?:queryset|statement|query)\(",
        rb"\.select_from\(",
        rb"\.(?:table|from_)\(\s*['\"]",
        rb"\.query\s*\(\s*" + _ENTITY,
        rb"\.query\.\w",
        rb"\)\.(?:filter|filter_by|where)\(",
        rb"\.\w{1,60}\.(?:all\(\)|filter\(|exclude\(|values_list\(|get_or_create\(|update_or_create\()",
        rb"_set\.\w",
        rb"(?:session|sess|db)\.(?:add|add_all|merge|bulk_\w{4,20})\(",
        rb"select\(\s*[\w*(]",
        rb"aliased\(",
        rb"\.query\(\s*\w+\.\w+\(",
        rb"exists\(",
        rb"s\.(?<!\ws\.)(?:add|add_all|merge)\(",
        rb"\.(?:select|insert|update|delete)\(\)",
        rb"update\(\s*" + _ENTITY,
        rb"delete\(\s*" + _ENTITY,
        rb"insert\(\s*" + _ENTITY,
        rb"\.get(?:_one|_or_404)?\(\s*(?:entity\s*=\s*)?" + _ENTITY + rb"\w*\s*,",
        rb"\.(?:find|update|delete|replace|insert|count)_(?:one|many|documents)\w*\(",
    ),
    "javascript": (
        rb"\.find(?:Many|Unique|First|One|By|All|AndCount|OrCreate|UniqueOrThrow|FirstOrThrow)\w*\s*[(<]",
        rb"\.(?:update|delete|create)(?:Many|Table|From)\w*\s*[(<]",
        rb"\.(?:upsert|groupBy|aggregate|bulkCreate|batchInsert|createQueryBuilder|selectFrom|insertInto)\s*[(<]",
        *(
            root + rb"\s*(?:<[^>\n]{1,60}>)?\(\s*(?:['\"`]\w|[A-Z]\w*[.)]|(?:this\.)?_?table\w{0,5}\s*\))"
            for root in (b"nex", b"trx", b"db", b"tx", b"conn", b"database", b"connection")
        ),
        rb"\)\(\s*(?:['\"`]\w+['\"`]|[A-Z]\w*\.[A-Z]\w*)\s*\)",
        rb"\.from\(\s*['\"`\w]",
        rb"\.table\s*(?:<[^>\n]{1,60}>)?\(\s*['\"`]\w",
        rb"\.(?:countDocuments|collection|insertOne|insertMany|bulkWrite|updateOne|deleteOne|replaceOne)\s*[(<]",
        rb"getRepository\s*\(",
        rb"[A-Z]\w*\.query\(\s*[\w.]{0,40}\s*\)",
        rb"[A-Z]\w*\.(?:find|count|exists|distinct|create|update|destroy|aggregate|increment|decrement)\s*\(",
        rb"Object\.assign\(\s*\w+\s*,",
        rb"Repository<\s*\w",
        rb"em\.(?<!\wem\.)\w+\(",
        rb"anager\s*\.\w+\(",
        rb"prisma\w*\s*\)?\s*\.\w+\s*\.\w+\(",
        *(
            root + rb"\s*\)?\s*\.\w+\s*\.(?:create|update|delete|count)\s*\("
            for root in (b"db", b"Db", b"tx", b"trx", b"client", b"Client", b"database")
        ),
        rb"tx\.(?:find|findOne\w*|findAndCount|count|nativeUpdate|nativeDelete)\(\s*[A-Z]",
        rb"trx\.(?:find|findOne\w*|findAndCount|count|nativeUpdate|nativeDelete)\(\s*[A-Z]",
        rb"ollection\s*\.(?:find|aggregate|distinct)\s*\(",
        rb"ollection(?:<[^>\n]{1,80}>)?\([^()\n]{0,80}\)\s*\.(?:find|aggregate|distinct)\s*\(",
        *(
            rb"%s(?:\(\))?\s*\)?\s*\.(?:select|selectDistinct|delete|update|insert)\s*\(" % root
            for root in (b"db", b"Db", b"tx", b"trx", b"database", b"drizzle", b"conn", b"connection", b"transaction")
        ),
    ),
    "java": (
        rb"[rR]epository\s*\.\s*\w+\(",
        rb"(?:\bem|[eE]ntityManager)\.(?:find|getReference)\(",
        rb"\"\s*[fF](?:rom|ROM)\s+[A-Z]",
        rb"\"\s*[sS](?:elect|ELECT)\s+(?:distinct\s+|DISTINCT\s+)?\"",
        rb"\|(?:select|SELECT|update|UPDATE|delete|DELETE|from|FROM)\s",
        rb"\.create(?:Query|CriteriaDelete|CriteriaUpdate)\(\s*\w+(?:\.class|::class)",
        rb"\.(?:find|list|stream|delete|count|update)\(\s*\"",
        rb"\.(?:listAll|streamAll|findByIdOptional)\(",
    ),
    "c_sharp": (
        rb"(?:[cC]ontext|[cC]tx|[dD]b\w*)\??\.\w+(?:<\w+>\(\))?\s*\.\s*[A-Z]\w+\(",
        rb"\bfrom\s+\w+\s+in\s+\w*(?:[cC]ontext|[cC]tx|[dD]b\w*)\.",
        rb"\bDbSet<\w+>\(\)",
    ),
    "go": (
        rb"\.\s*(?:Where|First|Find|Take|Last|Model|ModelContext|Delete|Scopes)\(\s*[&\"\w]",
        rb"\.\s*New(?:Select|Update|Delete|Insert)\(\)",
        rb"ngine\.\s*(?:\w+\([^()\n]{0,80}\)\.\s*){0,3}(?:Get|Find|ID|Count|Exist|Update|Delete|FindAndCount|Iterate|Insert|InsertOne)\(",
        rb"ession\.(?:Get|Find|Count|Exist|Update|Delete|FindAndCount)\(\s*&",
        rb"gorm\.G\[",
        rb"ollection\(\s*\"\w+\"\s*\)\s*\.\s*(?:Find|Insert|InsertReturning)\(",
        rb"\.\s*(?:Select|Delete)From\(\s*\"",
        rb"\.[A-Z]\w*\.\s*(?:Query|Delete|Update|UpdateOneID|DeleteOneID|UpdateOne|DeleteOne|Get|GetX|MapCreateBulk|Create\(\)\.\s*Set\w+)\(",
    ),
    "php": (
        rb"createQueryBuilder\(",
        rb"\(\)\s*->get\(",
        rb"\$\w+->where\w*\(",
        rb"\(\)\s*->(?:where|find|first|create|update|delete|pluck|count|exists|sum|latest|orderBy|paginate)\w*\(",
        rb"->(?:findOneBy|findBy|findAll|countBy)\w*\(",
        rb"epository\s*\??->(?:find|count|matching)\(",
        rb"epository\([^()\n]{1,80}\)\s*->(?:find|count|matching)\(",
        rb"\$this->(?:find|count|matching)\(",
        rb"->find\(\s*\\?[\w\\]+::class",
        rb"->(?:insert|update|delete)\(\s*['\"]\w+['\"]\s*,\s*(?:\[|\$\w+\s*,\s*\[)",
        (
            rb"(?:\b[A-Z]\w*|\bstatic|\bself)::(?:where\w*|find\w*|query|all|first\w*|updateOr\w+|create|destroy|with\w*|insert\w*|upsert"
            rb"|truncate|count|pluck|on|select|onlyTrashed|latest|oldest|orderBy\w*|has|doesntHave|paginate|get|forceCreate"
            rb"|cursor|chunk\w*|lazy\w*|each\w*|exists|sum|avg|max|min|sole|value|simplePaginate|cursorPaginate|updateOr\w+)\s*\("
        ),
        rb"\b[A-Z]\w*::[a-z]\w*\([^;{}]{0,200}?\)\s*\??->\s*[a-z]",
        (
            rb"\$this->\w+\s*->\s*(?:where\w*|find\w*|newQuery|newModelQuery|query|with\w*|first\w*|all|count|create|pluck|get"
            rb"|orderBy\w*|select|latest|paginate|join|has|on|insert|upsert|updateOr\w+|destroy|truncate)\("
        ),
        rb"(?:app|resolve|make)\(\s*\\?[\w\\]+::class\s*\)\s*->",
        rb"->(?:fill|forceFill|updateOrFail)\(",
        rb"\(\)\s*->(?:attach|sync|syncWithoutDetaching|toggle)\(\s*\$?(?:re|this->re)quest",
        rb"\bnew\s+[A-Z]\w*\(\s*\$?[rR]eq",
        rb"(?:->|::)table\(\s*['\"]\w",
        rb"(?:DB|Capsule)::table\(\s*\$",
        rb"(?:app|resolve|make)\(\s*\$\w+\s*\)\s*->",
        rb"\(new [A-Z]\w*(?:\(\))?\)\s*->\s*(?:where\w*|find\w*|newQuery|query|with\w*|first\w*)\(",
    ),
    "ruby": (
        rb"\.(?:find_by\w*|find_or_\w+|first_or_\w+)\b",
        rb"\.(?:by|for|of|find|get|fetch|lookup|visible|accessible)_\w+\(",
        rb"policy_scope!?\(",
        rb"authorized(?:_scope)?\(",
        rb"\.(?:update!?|assign_attributes|update_attributes!?|new)[( ]\s*\w*(?:params|attributes|attrs|permit|fields)",
        rb"GlobalID::Locator\.locate\b",
        rb"arel_table\b",
        rb"DB\[:\w",
        rb"DB\.from\(:",
        rb"db\.from\(:",
        rb"db\[:\w",
    ),
}


# Each begins with a literal, which is what makes the search fast.
_INDEX_HITS = (
    rb"\.(?:search|msearch|(?:delete|update)_?[bB]y_?[qQ]uery)\s*\(",
    rb"lastic\w*\.\w+\(",
    rb"pen[sS]earch\w*\.\w+\(",
    rb"drant\w*\.\w+\(",
    rb"inecone\w*\.\w+\(",
    rb"eili\w*\.\w+\(",
    rb"es\.(?<!\wes\.)\w+\(",
)


_MONGOOSE_HIT = (
    rb"\b(?:[A-Z]\w*|\w+Model|model)\.(?:find|findOne|exists|distinct|aggregate|count|create|insertMany)\s*\("
)


_REPOSITORY_HITS = (
    rb"epository\.\w+\s*\(",
    rb"Repo\.\w+\s*\(",
    *(
        root + rb"\.(?:find\w*|count|update\w*|delete\w*|create|upsert\w*|aggregate|insertMany|bulkWrite)\s*\("
        for root in (b"this", b"super")
    ),
)


_GO_ORM_HIT = (
    rb"\.\s*(?:Save|Create|Updates?|Pluck|Count|Table|Joins|InnerJoins|Clauses|FirstOrCreate|FirstOrInit|Destroy|All|Exists?"
    rb"|Get|ID|In|FindAndCount|Q|Unscoped|Preload|Eager|CreateInBatches|UpdateColumns?|Insert(?:One|Multi)?)\("
)
_GO_ORMS = (
    b"gorm.io/gorm",
    b"jinzhu/gorm",
    b"gobuffalo/pop",
    b"ory/pop",
    b"xorm.io/xorm",
    b"go-xorm/xorm",
    b"go-pg/pg",
)


def _words(*groups: Iterable[str]) -> bytes:
    """Names as alternatives, a longer one before what it begins with."""
    every = sorted({name for group in groups for name in group}, key=lambda name: (-len(name), name))
    return "|".join(map(re.escape, every)).encode()


def _ruby() -> Iterator[bytes]:
    """What Active Record's queries are made of: said on anything, on a class that may be a model, or on what an
    association is called, which is a plural."""
    from lints.extract.chains.ruby import BUILT_IN, OF_CLASS, PLAIN, RUNS, SERVES, SURE

    asks, then = _words(RUNS, PLAIN), rb"\s*&?\.\s*"
    others = (
        *(f"(?<!{name})" for name in sorted(SERVES)),
        *(rf"(?<!\b{name})" for name in sorted(BUILT_IN | {"RSpec"})),
    )
    a_class = rb"\b[A-Z]\w*(?![^\s&.])" + "".join(others).encode()
    goes_on = rb"\w*[?!]?(?:\(|%s|[ \t]+[\w:'\"@\[{])" % then
    many = rb"(?:s|ren|ople|dia|aff|ata)(?:\(\))?" + then
    yield rb"\.(?:%s)(?!\w)" % _words(SURE)
    yield rb"\b[A-Z]\w*%s(?:%s)(?!\w)" % (then, asks)
    yield rb"%s%s(?!(?:%s)\b)[a-z]%s" % (a_class, then, _words(OF_CLASS), goes_on)
    yield rb"%s(?:%s)(?!\w)" % (many, asks)
    yield rb"%s(?:\w+[?!]?(?:\([^()\n]{0,80}\))?%s){1,4}(?:%s)(?!\w)" % (many, then, asks)


def _php() -> Iterator[bytes]:
    """What Eloquent's queries are made of, on a relation, or on a variable that holds one."""
    from lints.extract.chains.laravel import PLAIN, RUNS

    asks = rb"\s*\??->\s*(?:%s)\s*\(" % _words(RUNS, PLAIN)
    yield rb"\(\)" + asks
    yield rb"\(\)\s*\??->\s*\w+\([^()\n]{1,80}\)" + asks
    yield rb"\$\w+" + asks
    yield rb"\$[\w>-]+\s*::\s*(?:%s|where\w*)\s*\(" % _words(RUNS, PLAIN)


@cache
def _of(family: str) -> Search:
    more = {"ruby": _ruby, "php": _php}.get(family, tuple)
    both = _INDEX_HITS if family in {"javascript", "python"} else ()
    return Search(*_HITS.get(family, ()), *more(), *both)


_OF_REPOSITORIES = Search(
    rb"\.(?:find|exists|count|delete|remove|get|read|stream|query)(?:All|First|Top|One)?\d{0,3}By[A-Z]\w*\(",
    rb"\.(?:findAll|deleteAll)\w*\(",
    rb"epository\s*\.\s*(?:findOne|exists|findBy|count|delete)\(",
    rb"(?:return|->|=)\s+(?:this\.)?(?:findOne|exists|count|find\w{0,60}By\w{0,60}|findAll\w{0,20})\(",
)
_OF_ANY_NAME = Search(
    rb"\.(?<!ervice\.)(?:find|exists|count|delete)(?:All|First|Top|One)?\d{0,3}By[A-Z]\w*\(",
    rb"\.(?<!ervice\.)(?:findAll|deleteAll|listAll)\w*\(",
)
_WRITES_ROWS = Search(rb"\.(?<!ervice\.)(?:save|saveAll|saveAndFlush|update|delete|merge)\(\s*\w+\s*\)")
_JVM = {
    **dict.fromkeys((b"Repository", b"Dao", b"DAO", b"Repo", b"Store"), _OF_REPOSITORIES),
    **dict.fromkeys((b".findById(", b".deleteById(", b".findAll(", b".findBy", b".listAll("), _OF_ANY_NAME),
    **dict.fromkeys((b"@RequestBody", b"@Body", b".setId(", b"@PUT", b"@PATCH"), _WRITES_ROWS),
    b"EntityManager": Search(
        rb"\.(?:find|getReference)\(\s*\w+(?:\.class|::class)",
        rb"\.(?:merge|remove|persist)\(\s*\w+\s*\)",
        rb"\.by(?:Id|\w{3,20}Ids?)\(\s*[A-Z]",
    ),
    b"anache": Search(
        rb"\.(?:findById|deleteById|findAll|deleteAll|count)\(",
        rb"\b(?:find|list|stream|count|delete|update)\(\s*\"",
        rb"\b(?:listAll|findAll|streamAll|deleteAll)\(\)",
    ),
    b"uerydsl": Search(rb"\.(?:selectFrom|from|update|delete|select)\("),
    b"emplate": Search(rb"emplate\s*\.\s*(?:select|selectOne|delete|update|count|exists)\("),
    b"ibernate": Search(
        rb"[sS]ession(?:\(\))?\s*\.\s*(?:get|load|find|by\w*Ids?|createCriteria)\(\s*\w+(?:\.class|::class)",
        rb"[sS]ession(?:\(\))?\s*\.\s*(?:update|saveOrUpdate|merge|delete|remove)\(\s*\w+\s*\)",
    ),
    b"io.ebean": Search(
        rb"\.(?:find|delete|update|findNative|reference|createQuery)\(\s*\w+(?:\.class|::class|\s*\))",
    ),
    b"ktorm": Search(
        rb"\.(?:from|update|delete|sequenceOf)\(\s*[A-Z]",
        rb"\.(?:find|filter|removeIf|toList)\s*\{",
        rb"atabase\s*\.\s*\w+\s*\.\w+\s*[({]",
    ),
    b"apper": Search(
        rb"Wrapper\w{0,3}\s*[<.(]",
        rb"apper\s*\.\s*(?:select|delete|update|insertOrUpdate|count)\w*\(",
        rb"lambda(?:Query|Update)\(\)",
        rb"(?:select|delete)\w*\(\s*\w+::get",
    ),
    b".daos.": Search(
        rb"\.(?:fetch|find|delete|exists|count)\w*(?:By|RangeOf|All|count)\w*\(",
        rb"Dao(?:\([^()\n]{0,80}\))?\.(?:fetch|update|merge|delete|count)\(",
    ),
    b".find.": Search(rb"\b[A-Z]\w*\.find\.(?:byId|ref|all|query)\("),
    **dict.fromkeys(
        (b".query.Q", b".query.*"), Search(rb"\.(?:find[A-Z]\w*|exists|delete|update)\(\s*[\w\"]{0,40}\s*\)")
    ),
    b"ibatis.jdbc.": Search(rb"\b(?:SELECT|UPDATE|DELETE_FROM|INSERT_INTO)\("),
    b"toolkit.Db;": Search(rb"\bDb\.\w+\("),
    b"ServiceImpl<": Search(
        rb"\b(?:getById|getOptById|removeById|removeByIds|removeBatchByIds|listByIds|updateById|saveOrUpdate\w{0,5}"
        rb"|updateBatchById|listByMap|removeByMap)\(",
        rb"\b(?:list|count)\(\)",
    ),
    b"ervice": Search(
        rb"ervice\s*\.\s*(?:getById|getOptById|removeById|removeByIds|removeBatchByIds|listByIds|updateById"
        rb"|saveOrUpdate\w{0,5}|updateBatchById|listByMap|removeByMap)\(",
        rb"ervice\.(?:list|count)\(\)",
    ),
    b"jooq": Search(
        rb"\.(?:selectFrom|deleteFrom|insertInto|mergeInto|from|update|delete|fetch\w{0,20}|execute(?:Update|Delete|Insert))\(",
        rb"\.(?:store|insert)\(\s*\)",
    ),
    b"xposed": Search(
        rb"\.(?:selectAll|deleteAll|findById)\(",
        rb"\.(?:deleteWhere|select|find|insert|insertAndGetId|insertIgnore|upsert|new|update\s*\((?:\s*where\s*=)?)\s*\{",
        rb"\b[A-Z]\w*[a-z]\w*(?:\[|\.(?:find|all|get|new|batchInsert|forIds|forEntityIds|count|find\w{4,8}AndUpdate)\()",
    ),
}
"""What is looked for only in files that name a library, or what holds its queries."""
_LINQ = Search(
    rb"\.(?:Where|First|Single|Any|Count|LongCount|ToList|ToArray|Find|Sum|Last|Include|AsNoTracking|IgnoreQueryFilters)\w*\(",
    rb"[?!]?\.(?!With(?:Many|One)\()(?:Get|List|Exists?|Delete|Remove|Query|With)(?:All|One|By|List|Queryable|Many|Details|Specification)?\w*\(",
    rb"\bGet(?:DbSet|Queryable|All|Query)(?:Async)?\(",
    rb"\bfrom\s+\w+\s+in\s+\w+\.",
    rb"\.(?:Find|Get|Load|GetAll)(?:Async)?<\w",
    rb"\.(?:Add|Update|Attach|Entry|Bulk(?:Update|Delete|Merge|InsertOrUpdate))(?:Range)?(?:Async)?\(",
    rb"\bin\s+_?\w+\.\w+\)",
)
_OTHER_NET = Search(
    rb"\.(?:Update|Delete|DeleteAll|QueryAll|Query|GetList|Set|InsertOrUpdate|Deleteable|Updateable)(?:Async)?<\w",
    rb"\.(?:SaveOrUpdate|Merge|InsertOrReplace|Updateable|Deleteable|Storageable|SetSource|Execute(?:Command|Affrows))(?:Async)?\(",
    _LINQ,
)
_NET = {
    **dict.fromkeys(
        (
            *(b"DbSet<", b"Repository<", b"DbContext", b"EntityFramework", b"Store<", b"Marten", b"Raven.Client"),
            b"Azure.Cosmos",
        ),
        _LINQ,
    ),
    **dict.fromkeys(
        (b"NHibernate", b"LinqToDB", b"SqlSugar", b"FreeSql", b"Dapper", b"RepoDb", b"PetaPoco", b"NPoco"), _OTHER_NET
    ),
    **dict.fromkeys(
        (b"MongoDB.Driver", b"IMongoCollection<"),
        Search(
            rb"\.(?:Find|Count|Delete|Update|Replace|Insert)(?:One|Many|Documents|Sync|Async)\w*\(",
            rb"\.(?:Find|BulkWrite|Distinct|Match|Where|First|Single|Any)\w*\(",
        ),
    ),
}
_BUILT = Search(rb"\.\s*(?:Select|Insert|Update|Delete|From|SelectFrom|InsertInto|DeleteFrom)\(")
_GO_BUILDERS = dict.fromkeys(
    (b"uilder", b"quirrel", b"goqu", b"ialect", b"psql", b"sq.", b"qb.", b"sb.", b"upper/db"), _BUILT
)
_GO_BUILDERS[b"beego"] = Search(rb"\.(?:QueryTable|Read|ReadForUpdate|ReadOrCreate|Insert|InsertMulti|Update|Delete)\(")
_GO_BUILDERS[b"/dbr"] = _BUILT
_GO_BUILDERS[b"stephenafamo/bob"] = Search(rb"\b(?:psql|mysql|sqlite)\.(?:Select|Update|Delete|Insert)\(")
_GO_BUILDERS[b"gopkg.in/reform"] = Search(
    rb"\.(?:FindByPrimaryKey|FindOne|FindAll|SelectOne|SelectAll|SelectRows|Delete|Insert|Save|Update)\w{0,8}\("
)
_GO_BUILDERS[b"go-jet/jet"] = Search(rb"\.\s*(?:WHERE|FROM|SELECT|UPDATE|DELETE|INSERT|VALUES|MODELS?)\(")
_BOILED = Search(
    rb"\.(?:One|All|Count|Exists|DeleteAll|UpdateAll|NewQuery)[GP]?\(",
    rb"\.Find[A-Z]\w*\(",
    rb"Exists\(\s*\w*(?:ctx|context)",
    rb"\.(?:Insert|Update|Upsert|Delete)[GP]{0,2}\(\s*\w*(?:ctx|context|boil)",
)
_GO_BUILDERS.update(dict.fromkeys((b"sqlboiler", b'/qm"'), _BOILED))
_NET[b"CreateQuery"] = Search(rb"CreateQuery\(\s*[$@]*\"\s*[fF](?:rom|ROM)\s")
_NET[b"StoredProcedure"] = Search(rb"CommandType\.StoredProcedure")
_SCRIPTS = {
    b"equelize": Search(rb"[A-Z]\w*\.build\("),
    b"lickhouse": Search(rb"\.insert\(\s*\{"),
    b"ongoose": Search(rb"\.save\(\s*\)"),
    b"ysely": Search(rb"\.(?:replaceInto|mergeInto)\("),
    b"$count(": Search(rb"\$count\(\s*\w"),
    b"upabase": Search(rb"\.rpc\(\s*['\"`]\w"),
    b"relatedQuery": Search(rb"[A-Z]\w*\.relatedQuery\("),
}
_PYTHON = {
    b"setattr(": Search(rb"\bsetattr\(\s*[a-z]\w*\s*,\s*[a-z]\w*\s*,"),
    b"pony": Search(
        rb"\b(?:select|left_join|get|exists|delete|count|sum|avg|min|max)\([^)\n]{0,120}\sfor\s",
        rb"\b[A-Z]\w*\.(?:get|select|exists|filter)\(",
        rb"\.(?:filter|where)\(\s*lambda\b",
        rb"\b[A-Z]\w*[a-z]\w*\[",
        rb"\b[A-Z]\w*[a-z]\w*\(\s*(?:\w+\s*=|\*\*)",
    ),
    b"upabase": Search(rb"\.rpc\(\s*['\"]\w"),
    b"sqlmodel_update": Search(rb"\.sqlmodel_update\("),
    b"peewee": Search(rb"\b[A-Z]\w*\.(?:replace|create|insert|update)\("),
    b"tortoise": Search(rb"\b[A-Z]\w*\.(?:get_or_create|update_or_create|create)\("),
    b"beanie": Search(
        rb"\b[A-Z]\w*\.(?:find|find_one|find_all|find_many|get|aggregate|insert_many|insert_one|count|delete_all)\("
    ),
    b"mongo": Search(
        rb"\b(?:db|database|collection|coll)\w*(?:\.\w+|\[[^\]\n]{1,60}\])?\s*\.(?:find|aggregate|bulk_write|distinct)\(",
        rb"oll(?:ection)?(?:\([^()\n]{0,80}\))?\s*\.(?:find|aggregate|bulk_write|distinct)\(",
    ),
}
_IGNITED = Search(
    rb"db\s*->\s*(?:get|get_where|getWhere|where|or_where|select|from|join|table|update\w*|delete|insert\w*|replace|count\w*|truncate"
    rb"|empty\w*)\(",
    rb"odel\s*->\s*(?:find\w*|where\w*|first|update|delete|insert|paginate)\(",
    rb"\bmodel\(\s*[\w'\"\\]",
    rb"\$this->(?:find\w*|where\w*|first|paginate|update|delete|insert)\(",
)
_PHP = {
    **dict.fromkeys((b"CodeIgniter", b"BASEPATH", b"eController"), _IGNITED),
    **dict.fromkeys(
        (b"yii", b"Yii"),
        Search(rb"::(?:updateAll|deleteAll|updateAllCounters|find|findOne|findAll)\(", rb"new\s+[\w\\]{0,40}Query\("),
    ),
    b"\\Models\\": Search(rb"->save(?:Quietly|OrFail)?\(\s*\)"),
    **dict.fromkeys(
        (b"Cake\\", b"AppController", b"fetchTable(", b"TableRegistry"),
        Search(rb"->\s*(?:find\w*|get|query|exists|deleteAll|updateAll)\("),
    ),
    **dict.fromkeys(
        (b"Laminas\\Db", b"Zend\\Db", b"Zend_Db_", b"TableGateway"),
        Search(
            rb"->\s*(?:select|update|delete|insert|fetchRow|fetchAll|find)\(",
            rb"new\s+[\w\\]{0,40}(?:Select|Update|Delete|Insert)\(",
        ),
    ),
    b"R::": Search(rb"\bR::(?:load|find|count|trash|wipe|batch)\w*\("),
    b"Query::create(": Search(rb"[A-Z]\w*Query::create\("),
    b"Phalcon": Search(rb"::(?:find|count|sum|average|maximum|minimum|query)\w*\(", rb"->createBuilder\("),
    b"wpdb": Search(rb"wpdb\s*->\s*(?:insert|update|delete|replace)\("),
    b"edoo": Search(
        rb"->\s*(?:select|get|has|count|sum|max|min|avg|rand|update|delete|insert|replace)\(\s*['\"]\w+['\"]\s*,"
    ),
}
_BY_NAME: Mapping[str, Mapping[bytes, Search]] = {
    "php": _PHP,
    **dict.fromkeys(("java", "kotlin"), _JVM),
    **dict.fromkeys(("typescript", "tsx", "javascript"), _SCRIPTS),
    "c_sharp": _NET,
    "go": _GO_BUILDERS,
    "python": _PYTHON,
}
_MONGOOSE = Search(_MONGOOSE_HIT, _of("javascript"))
_GO_WITH_ORM = Search(_GO_ORM_HIT, _of("go"))
_REPOSITORY = Search(*_REPOSITORY_HITS, _MONGOOSE)


_IDLE = regex(
    rb"[A-Z]\w*\.find\s*\(\s*(?:async\b|function\b|\w+\s*=>|\([^()]{0,80}\)\s*(?::[^=\n]{0,60})?=>)"
    rb"|(?<=Array)\.from\(|(?<=Buffer)\.from\("
)
"""What an array or the language does by a name that libraries have too."""


_STORES = Search(
    rb"(?:Repository|Model|ModelStatic|Kysely|Database)<|typeof\s[A-Z]|Prisma(?:Client|Service)\b|Knex\b|DataSource\b"
    rb"|EntityManager\b|\bget(?:\w*Repository|Model)\("
)
_HOLDS = regex(rb"(?<!\w)(\w{1,60})(?:[?!]?\s{0,9}(:)\s{0,9}\w{0,60}|\s{0,9}=\s{0,9}[\w.]{0,80})\Z")
"""What a class or a function of TypeScript holds a store in: `private readonly boats: Repository<Boat>`."""
_ASKED = regex(rb"[?!]?\s*(?:\.\s*\w+\s*){1,2}(?:<[^>\n]{1,60}>)?\(")


def _held(data: bytes) -> list[int]:
    """Where something is asked of what a file holds stores in, whatever it is called: `this.boats.find({…})`."""
    before = ((at, _HOLDS.search(data, max(0, at - 170), at)) for at in _STORES(data))
    held = {found[1] for at, found in before if found is not None and (not found[2]) is data.startswith(b"get", at)}
    places = ((at, at + len(name)) for name in held for at in named(data, name))
    return [start for start, end in places if _ASKED.match(data, end) is not None]


def hits(language: str, data: bytes) -> list[int]:
    """Offsets where a call of an ORM may be, in order; none where all of them are the language's own."""
    found = _search(language, data)(data)
    if language in {"typescript", "tsx"}:
        found = sorted({*found, *_held(data)})
    if language == "ruby" and found:
        from lints.extract.chains.ruby_hits import queries

        found = queries(data, found)
    if b"here(" not in data and all(_IDLE.match(data, place) for place in found):
        found = []
    named = _BY_NAME.get(language)
    if named is not None:
        searches = {search for name, search in named.items() if name in data}
        found = sorted({*found, *(place for search in searches for place in search(data))})
    return found


def possible(language: str, data: bytes) -> bool:
    """False only if there are no `hits`."""
    if _search(language, data).possible(data) or (language in {"typescript", "tsx"} and _held(data)):
        return True
    searches = {search for name, search in _BY_NAME.get(language, {}).items() if name in data}
    return any(search.possible(data) for search in searches)


def _search(language: str, data: bytes) -> Search:
    family = {"typescript": "javascript", "tsx": "javascript", "kotlin": "java"}.get(language, language)
    if family == "go" and any(name in data for name in _GO_ORMS):
        return _GO_WITH_ORM
    if family == "javascript" and b"Repo" in data:
        return _REPOSITORY
    return _MONGOOSE if family == "javascript" and b"ongoose" in data else _of(family)
