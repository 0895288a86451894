# ruff: noqa - what rules are tried on
def view(request, pk):
    # ok: django-manager-without-tenant
    Boat.all_objects.filter(deleted_at__lt=cutoff).delete()
    # ruleid: django-manager-without-tenant
    Boat.unscoped_objects.get(pk=pk)
    # ruleid: django-manager-without-tenant
    Boat.objects.unscoped().get(pk=pk)
    # ruleid: django-manager-without-tenant
    Boat._base_manager.filter(pk=pk)
    # ok: django-manager-without-tenant
    Boat.objects.filter(tenant=request.tenant, pk=pk)
    # ruleid: django-scopes-disabled
    with scopes_disabled():
        Boat.objects.get(pk=pk)
    # ok: django-scopes-disabled
    with scope(tenant=request.tenant):
        Boat.objects.get(pk=pk)


def enter(request):
    # ruleid: django-tenants-schema-from-request
    with schema_context(request.GET["schema"]):
        pass
    name = request.headers.get("X-Schema")
    # ruleid: django-tenants-schema-from-request
    connection.set_schema(name)
    # ok: django-tenants-schema-from-request
    with schema_context(request.user.tenant.schema_name):
        pass


# ruleid: django-scopes-disabled
@scopes_disabled()
def sweep():
    pass
