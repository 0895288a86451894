class Boats
  def all(tenant)
    # ruleid: tenant-in-sql-text-ruby
    Boat.where("tenant_id = '#{tenant}'")
    # ok: tenant-in-sql-text-ruby
    Boat.where("tenant_id = ?", tenant)
    # ok: tenant-in-sql-text-ruby
    Boat.where(tenant_id: tenant)
  end
end
