"""Calls of TypeORM and Sequelize end to end: schema, chain, the SQL it stands for, verdict and rule."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

from . import calls

CASES: dict[str, calls.Case] = {
    "typeorm: an entity whose rows stand in the table of another": (
        "typeorm",
        """
        class S {
          constructor(private readonly yachts: Repository<Yacht>) {}
          get(id: string) { return this.yachts.findOneBy({ id }); }
          own(id: string, t: string) { return this.yachts.findOneBy({ id, tenantId: t }); }
          ferry(manager: EntityManager, id: string) { return manager.findOne(Ferry, { where: { id } }); }
        }
        """,
        [("violation", "TENORM001"), ("proven", None), ("violation", "TENORM001")],
    ),
    "typeorm: an injected repository": (
        "typeorm",
        """
        class S {
          constructor(@InjectRepository(Boat) private readonly boats: Repository<Boat>) {}
          get(id: string) { return this.boats.findOne({ where: { id } }); }
          own(id: string, t: string) { return this.boats.findOneBy({ id, tenantId: t }); }
        }
        """,
        [("violation", "TENORM001"), ("proven", None)],
    ),
    "typeorm: a repository called as the entities are, asked in no rare words": (
        "typeorm",
        """
        class S {
          constructor(private readonly boats: Repository<Boat>) {}
          all() { return this.boats.find({ where: { name: "Ada" } }); }
          change(id: string) { return this.boats.update(id, { name: "Ada" }); }
          count(t: string) { return this.boats.count({ where: { tenantId: t } }); }
        }
        """,
        [("violation", "TENORM001"), ("violation", "TENORM001"), ("proven", None)],
    ),
    "typeorm: what is spread after the tenant may take its place": (
        "typeorm",
        """
        class S {
          constructor(private readonly boats: Repository<Boat>) {}
          late(where: FindOptionsWhere<Boat>, t: string) { return this.boats.find({ where: { tenantId: t, ...where } }); }
          early(where: FindOptionsWhere<Boat>, t: string) { return this.boats.find({ where: { ...where, tenantId: t } }); }
        }
        """,
        [("opaque", "TENORM013"), ("proven", None)],
    ),
    "typeorm: a row that another is compared with by its fields": (
        "typeorm",
        """
        class S {
          constructor(private readonly logs: Repository<Logbook>, private readonly boats: Repository<Boat>) {}
          own(t: string) { return this.logs.find({ where: { boat: { tenantId: t } } }); }
          any(id: string) { return this.logs.find({ where: { boat: { name: id } } }); }
        }
        """,
        [("proven", None), ("violation", "TENORM001")],
    ),
    "typeorm: AND binds before OR": (
        "typeorm",
        """
        async function f(ds, t, n, id) {
          return ds.getRepository(Boat).createQueryBuilder("b")
            .where("b.id = :id", { id }).orWhere("b.name = :n", { n }).andWhere("b.tenantId = :t", { t }).getMany();
        }
        """,
        [("violation", "TENORM006")],
    ),
    "typeorm: a query builder with orWhere": (
        "typeorm",
        """
        async function f(ds, t, n) {
          return ds.getRepository(Boat).createQueryBuilder("b")
            .where("b.tenantId = :t", { t }).orWhere("b.name = :n", { n }).getMany();
        }
        """,
        [("violation", "TENORM006")],
    ),
    "typeorm: a builder changed in place, on some paths only": (
        "typeorm",
        """
        async function f(ds, t, name) {
          const qb = ds.getRepository(Boat).createQueryBuilder("b").orderBy("b.name");
          if (name) qb.andWhere("b.name = :name", { name });
          if (t) qb.andWhere("b.tenantId = :t", { t });
          const [rows, total] = await qb.getManyAndCount();
          return rows;
        }
        """,
        [("violation", "TENORM005")],
    ),
    "typeorm: a joined query builder": (
        "typeorm",
        """
        async function f(ds, t, id) {
          return ds.getRepository(Logbook).createQueryBuilder("l").innerJoin("l.boat", "b")
            .where("l.id = :id").andWhere("b.tenantId = :t").getOne();
        }
        """,
        [("proven", None)],
    ),
    "typeorm: assign save": (
        "typeorm",
        "async function f(req, ds){ const b = new Boat(); Object.assign(b, req.body); return ds.getRepository(Boat).save(b) }",
        [("violation", "TENORM004")],
    ),
    "typeorm: const body assign save": (
        "typeorm",
        "async function f(req, ds){ const body = req.body; const b = new Boat(); Object.assign(b, body); const r = ds.getRepository(Boat).create(b); return ds.getRepository(Boat).save(r) }",
        [("violation", "TENORM004")],
    ),
    "typeorm: assign loaded": (
        "typeorm",
        "async function f(req, ds, t){ const b = await ds.getRepository(Boat).findOneBy({ id: 1, tenantId: t }); Object.assign(b, req.body); return ds.getRepository(Boat).save(b) }",
        [("proven", None), ("violation", "TENORM008")],
    ),
    "typeorm: save dto": (
        "typeorm",
        "async function f(dto, ds){ return ds.getRepository(Boat).save(dto) }",
        [("opaque", "TENORM013")],
    ),
    "typeorm: save body": (
        "typeorm",
        "async function f(req, ds){ return ds.getRepository(Boat).save(req.body) }",
        [("violation", "TENORM008")],
    ),
    "typeorm: save body keyed": (
        "typeorm",
        "async function f(req, ds, id, t){ return ds.getRepository(Boat).save({ ...req.body, id, tenantId: t }) }",
        [("violation", "TENORM008")],
    ),
    "typeorm: update body": (
        "typeorm",
        "async function f(req, ds, id, t){ return ds.getRepository(Boat).update({ id, tenantId: t }, req.body) }",
        [("violation", "TENORM004")],
    ),
    "typeorm: filter elsewhere": (
        "typeorm",
        "async function f(em, ctx){ return em.findOne(Boat, scoped({ id: 1 }, ctx)) }",
        [("opaque", "TENORM013")],
    ),
    "mikro-orm: on the transaction, natively, with operators": (
        "typeorm",
        """
        const a = (trx, ids, t) => trx.find(Boat, { id: { $in: ids }, tenantId: t });
        const b = (tx, ids) => tx.find(Boat, { id: { $in: ids } });
        const c = (em, id) => em.nativeDelete(Boat, { id });
        const d = (em, id, t) => em.nativeUpdate(Boat, { $and: [{ id }, { tenantId: t }] }, { name: 'x' });
        """,
        [("proven", None), ("violation", "TENORM001"), ("violation", "TENORM001"), ("proven", None)],
    ),
    "typeorm: em by id": (
        "typeorm",
        "async function f(em, id){ return em.findOne(Boat, { id }) }",
        [("violation", "TENORM001")],
    ),
    "typeorm: undefined": (
        "typeorm",
        "async function f(ds, tenantId?: string){ return ds.getRepository(Boat).find({ where: { tenantId } }) }",
        [("violation", "TENORM007")],
    ),
    "typeorm: raw SQL": (
        "typeorm",
        "async function f(ds, q) { return ds.getRepository(Boat).query(q); }",
        [("opaque", "TENORM009")],
    ),
    "sequelize: unscoped": (
        "typeorm",
        "const f=(id)=>Boat.unscoped().findAll({ where: { id } });",
        [("violation", "TENORM001")],
    ),
    "typeorm: an upsert by a caller's key": (
        "typeorm",
        "async function f(ds, id, n){ return ds.getRepository(Boat).upsert({ id, name: n }, ['id']) }",
        [("violation", "TENORM008"), ("weak", "TENSQL004")],
    ),
    "typeorm: an upsert by a key with the tenant": (
        "typeorm",
        "async function f(ds, n, t){ return ds.getRepository(Boat).upsert({ name: n, tenantId: t }, { conflictPaths: ['tenantId', 'name'] }) }",
        [("proven", None)],
    ),
    "typeorm: an upsert by a key out of sight": (
        "typeorm",
        "async function f(ds, n, t, keys){ return ds.getRepository(Boat).upsert({ name: n, tenantId: t }, keys) }",
        [("opaque", "TENORM013")],
    ),
    "typeorm: a query builder that says from where": (
        "typeorm",
        "async function f(dataSource, id){ return dataSource.createQueryBuilder().select('b').from(Boat, 'b').where('b.id = :id', { id }).getOne() }",
        [("violation", "TENORM001")],
    ),
    "typeorm: a query builder that says from where, with the tenant": (
        "typeorm",
        "async function f(dataSource, id, t){ return dataSource.createQueryBuilder().select('b').from(Boat, 'b').where('b.id = :id', { id }).andWhere('b.tenantId = :t', { t }).getOne() }",
        [("proven", None)],
    ),
    "typeorm: a query builder that deletes": (
        "typeorm",
        "async function f(dataSource, id){ return dataSource.createQueryBuilder().delete().from(Boat).where('id = :id', { id }).execute() }",
        [("violation", "TENORM001")],
    ),
    "typeorm: the data source by entity": (
        "typeorm",
        "async function f(AppDataSource, id){ return AppDataSource.manager.findOne(Boat, { where: { id } }) }",
        [("violation", "TENORM001")],
    ),
    "sequelize: a join that confines": (
        "typeorm",
        "async function f(id, t){ return Boat.findOne({ where: { id }, include: [{ model: Tenant, where: { id: t } }] }) }",
        [("proven", None)],
    ),
    "sequelize: a join that is not required": (
        "typeorm",
        "async function f(id, t){ return Boat.findOne({ where: { id }, include: [{ model: Tenant, where: { id: t }, required: false }] }) }",
        [("violation", "TENORM001")],
    ),
    "sequelize: a scope out of sight": (
        "typeorm",
        "async function f(id){ return Boat.scope('mine').findOne({ where: { id } }) }",
        [("opaque", "TENORM013")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_call(name: str) -> None:
    calls.check(CASES[name])


def test_a_tenant_column_that_refers_to_a_table_without_a_key() -> None:
    fleet = """
@Table({ tableName: "tenants" }) export class Tenant extends Model { @Column name: string; }
@Table({ tableName: "boats" }) export class Boat extends Model {
  @Column id: string;
  @ForeignKey(() => Tenant) @Column({ field: "tenant_id" }) tenantId: string;
}
"""
    tree = {"src/a.ts": b"async function f(id) { return Boat.findByPk(id); }", "src/entities.ts": fleet.encode()}
    (row,) = scan(sorted(tree.items()), build_model(tree, None)).accesses
    assert (row.verdict, row.rule) == ("violation", "TENORM001")
