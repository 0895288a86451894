class Sweep
  def run(boat)
    # ok: rails-unscoped
    Boat.unscoped.where(deleted_at: nil)
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

class Berth < ApplicationRecord
  acts_as_tenant :tenant
  has_many :boats

  def self.any(id)
    # ruleid: rails-unscoped
    Berth.unscoped.find(id)
  end

  def self.every
    # ruleid: rails-unscoped
    unscoped { all }
  end

  def self.plain
    # ok: rails-unscoped
    unscope(:order)
  end
end
