# ruff: noqa - what rules are tried on
def dump(cursor, schema):
    # ruleid: row-security-off
    cursor.execute("SET row_security = off")
    # ruleid: row-security-off
    cursor.execute("set local row_security to 'off'; SELECT 1")
    # ok: row-security-off
    cursor.execute("SET row_security = on")
    # ruleid: role-bypasses-row-security
    cursor.execute("ALTER ROLE app BYPASSRLS")
    # ok: role-bypasses-row-security
    cursor.execute("ALTER ROLE app NOBYPASSRLS")
    # ruleid: search-path-of-a-tenant-stays
    cursor.execute(f"SET search_path TO {schema}")
    # ok: search-path-of-a-tenant-stays
    cursor.execute(f"SET LOCAL search_path TO {schema}")
    # ok: search-path-of-a-tenant-stays
    cursor.execute("SET search_path TO public")
