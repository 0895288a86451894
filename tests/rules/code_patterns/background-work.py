# ruff: noqa - what rules are tried on
from django_tenants.utils import schema_context


# ruleid: django-tenants-task-without-schema
@shared_task
def purge():
    Boat.objects.filter(sunk=True).delete()


# ok: django-tenants-task-without-schema
@shared_task
def report(schema):
    with schema_context(schema):
        Boat.objects.count()


def resolve(request):
    # ruleid: tenant-defaults-to-environment-python
    return request.headers.get("X-Tenant") or settings.DEFAULT_TENANT
    # ok: tenant-defaults-to-environment-python
    return request.headers.get("Accept-Language") or settings.DEFAULT_LANGUAGE
