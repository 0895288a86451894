# ruff: noqa - what rules are tried on
def middleware(request):
    # ruleid: tenant-context-from-request-python
    g.tenant_id = request.headers.get("X-Tenant-Id")
    named = request.args["tenant"]
    # ruleid: tenant-context-from-request-python
    set_current_tenant(named)
    # ruleid: tenant-context-from-request-python
    current_tenant.set(request.META["HTTP_X_TENANT"])
    # ok: tenant-context-from-request-python
    g.tenant_id = current_user.tenant_id
    # ok: tenant-context-from-request-python
    g.tenant_id = verify_token(request.headers["Authorization"]).tenant
    # ok: tenant-context-from-request-python
    g.locale = request.headers.get("Accept-Language")
