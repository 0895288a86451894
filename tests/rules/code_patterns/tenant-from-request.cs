class TenantMiddleware {
  async Task Invoke(HttpContext context, ITenantProvider provider) {
    // ruleid: tenant-context-from-request-csharp
    provider.TenantId = context.Request.Headers["X-Tenant-Id"];
    // ruleid: tenant-context-from-request-csharp
    provider.SetTenant(context.Request.Query["tenant"]);
    // ok: tenant-context-from-request-csharp
    provider.SetTenant(context.User.FindFirst("tenant"));
  }
}
