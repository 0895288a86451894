class TenantFilter {
  void filter(HttpServletRequest request, Claims claims) {
    String tenant = request.getHeader("X-Tenant-Id");
    // ruleid: tenant-context-from-request-java
    TenantContext.setCurrentTenant(tenant);
    // ok: tenant-context-from-request-java
    TenantContext.setCurrentTenant(claims.get("tenant", String.class));
    // ok: tenant-context-from-request-java
    Locales.set(request.getHeader("Accept-Language"));
  }
}
