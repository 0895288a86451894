"""One module per aggregate; each class takes a `TenantSession` and can only see that tenant."""
