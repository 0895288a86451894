class Dump
  def run(connection)
    # ruleid: row-security-off
    connection.execute("SET row_security = off")
    # ok: row-security-off
    connection.execute("SET row_security = on")
    # ruleid: role-bypasses-row-security
    connection.execute("ALTER USER app BYPASSRLS")
  end
end
