class Sweep
  def run(boat)
    # ruleid: rails-unscoped
    Boat.unscoped.find(boat)
    # ruleid: rails-unscoped
    Boat.unscoped { Boat.all }
    # ok: rails-unscoped
    Boat.unscope(:order).where(tenant: tenant)
    # ruleid: acts-as-tenant-without-tenant
    ActsAsTenant.without_tenant { Boat.count }
    # ruleid: acts-as-tenant-without-tenant
    ActsAsTenant.without_tenant do
      Boat.count
    end
    # ok: acts-as-tenant-without-tenant
    ActsAsTenant.with_tenant(tenant) { Boat.count }
    # ruleid: apartment-switch-without-block
    Apartment::Tenant.switch!("acme")
    # ok: apartment-switch-without-block
    Apartment::Tenant.switch("acme") { Boat.count }
  end
end
