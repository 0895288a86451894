fun run(session: Session) {
    // ruleid: hibernate-tenant-filter-disabled
    session.disableFilter("organizationFilter")
    // ok: hibernate-tenant-filter-disabled
    session.disableFilter("deletedFilter")
}
