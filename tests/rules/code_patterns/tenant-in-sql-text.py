# ruff: noqa - what rules are tried on
def boats(cursor, tenant, name):
    # ruleid: tenant-in-sql-text-python
    cursor.execute(f"SELECT id FROM boats WHERE tenant_id = '{tenant}'")
    # ruleid: tenant-in-sql-text-python
    cursor.execute("SELECT id FROM boats WHERE tenant_id = '%s'" % tenant)
    # ruleid: tenant-in-sql-text-python
    cursor.execute("SELECT id FROM boats WHERE tenant_id = '" + tenant + "'")
    # ok: tenant-in-sql-text-python
    cursor.execute("SELECT id FROM boats WHERE tenant_id = %s", (tenant,))
    # ok: tenant-in-sql-text-python
    cursor.execute(f"SELECT id FROM {name} WHERE tenant_id = %s", (tenant,))
