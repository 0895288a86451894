class Sweep {
  void run(Session session) {
    // ruleid: hibernate-tenant-filter-disabled
    session.disableFilter("tenantFilter");
    // ok: hibernate-tenant-filter-disabled
    session.disableFilter("deletedFilter");
    // ok: hibernate-tenant-filter-disabled
    session.enableFilter("tenantFilter");
  }
}
