# ruff: noqa - what rules are tried on
from supabase import create_client


@app.get("/boats")
def boats():
    # ruleid: supabase-service-role-in-view
    client = create_client(URL, os.environ["SUPABASE_SERVICE_ROLE_KEY"])
    # ok: supabase-service-role-in-view
    own = create_client(URL, os.environ["SUPABASE_ANON_KEY"])
    # ruleid: connection-opened-in-view-python
    connection = psycopg.connect(DSN)
    return client, own, connection


def detail(request, pk):
    # ruleid: connection-opened-in-view-python
    return psycopg2.connect(DSN)


def setup():
    # ok: connection-opened-in-view-python
    return psycopg2.connect(DSN)
