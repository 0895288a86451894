"""What reaches outside is found with its place; comments, links, names of things and one's own machines are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lints.integrations import UnreadError, find_uses, relevant

FOUND = {
    "an address": ("a.py", 'requests.post("https://api.acme-mail.com/v1/send")', ("api.acme-mail.com", "http")),
    "with a port and a user": ("a.py", 'u = "https://me:pw@api.acme-mail.com:8443/x"', ("api.acme-mail.com", "http")),
    "in an f-string's middle": ("a.py", 'u = f"https://{org}.okta-like.com/api/{path}"', ("*.okta-like.com", "http")),
    "in a template literal": ("a.ts", "fetch(`https://${region}.api.acme-mail.com/${id}`)", ("*.api.acme-mail.com", "http")),
    "with a percent": ("a.rb", 'url = "https://%s.acme-mail.com/" % x', ("*.acme-mail.com", "http")),
    "a queue": ("a.go", 'package a\nvar u = "amqps://mq.acme-queue.com/x"', ("mq.acme-queue.com", "http")),
    "a public address": ("a.py", 'u = "http://8.8.8.8/x"', ("8.8.8.8", "http")),
    "upper case": ("a.py", 'u = "https://API.Acme-Mail.COM"', ("api.acme-mail.com", "http")),
    "python SDK": ("a.py", "import stripe", ("api.stripe.com", "sdk")),
    "python submodule": ("a.py", "from google.cloud import storage", ("googleapis.com", "sdk")),
    "js import": ("a.ts", "import Stripe from 'stripe'", ("api.stripe.com", "sdk")),
    "js scoped require": ("a.js", 'const s3 = require("@aws-sdk/client-s3")', ("amazonaws.com", "sdk")),
    "js dynamic import": ("a.tsx", "await import('@sentry/node')", ("sentry.io", "sdk")),
    "go": ("a.go", 'package a\nimport (\n\t"github.com/stripe/stripe-go/v79"\n)', ("api.stripe.com", "sdk")),
    "java": ("A.java", "import com.twilio.Twilio;\nclass A {}", ("api.twilio.com", "sdk")),
    "kotlin": ("a.kt", "import software.amazon.awssdk.services.s3.S3Client", ("amazonaws.com", "sdk")),
    "csharp": ("A.cs", "using Stripe.Checkout;\nclass A {}", ("api.stripe.com", "sdk")),
    "ruby": ("a.rb", "require 'aws-sdk-s3'", ("amazonaws.com", "sdk")),
    "php": ("a.php", "<?php\nuse Stripe\\StripeClient;", ("api.stripe.com", "sdk")),
    "a webhook of a known sender": ("a.py", '@app.post("/api/webhooks/stripe")\ndef f(): ...', ("api.stripe.com", "webhook")),
    "a webhook of somebody": ("a.ts", 'router.post("/hooks/partner-x/events", h)', ("/hooks/partner-x/events", "webhook")),
    "a credential": ("a.py", 'os.environ["STRIPE_SECRET_KEY"]', ("api.stripe.com", "environment")),
    "a credential in settings": ("deploy/values.yaml", "env:\n  SLACK_BOT_TOKEN: x", ("slack.com", "environment")),
    "an address in settings": (".env.production", "MAIL=https://api.acme-mail.com", ("api.acme-mail.com", "http")),
}  # fmt: skip

NOTHING = {
    "a comment": ("a.py", "# see https://docs.acme-mail.com/x\nx = 1"),
    "a block comment": ("a.ts", "/* https://docs.acme-mail.com */ const x = 1"),
    "a docstring": ("a.py", 'def f():\n    """See https://docs.acme-mail.com/x."""'),
    "a comment in settings": ("a.yaml", "# https://docs.acme-mail.com\na: 1"),
    "a link": ("a.tsx", 'const a = <a href="https://docs.acme-mail.com">x</a>'),
    "a namespace": ("a.ts", 'const ns = "http://www.w3.org/2000/svg"'),
    "localhost": ("a.py", 'u = "http://localhost:8000/x"'),
    "a private address": ("a.py", 'u = "http://10.0.0.8/x" + "http://127.0.0.1" + "http://169.254.169.254/meta"'),
    "a service of the cluster": ("a.py", 'u = "http://billing.default.svc.cluster.local/x" + "http://billing/x"'),
    "a reserved name": ("a.py", 'u = "https://api.example.com" + "https://x.test" + "https://summit.example/"'),
    "nothing but variables": ("a.py", 'u = f"https://{host}/x"'),
    "a variable top level": ("a.py", 'u = f"https://api.{domain}/x"'),
    "another module of that beginning": ("a.py", "import stripeish"),
    "an import of hooks": ("a.ts", "import { useX } from '../hooks/use-x'"),
    "a word like a credential": ("a.py", 'os.environ["ACME_SECRET_KEY"]'),
}


@pytest.mark.parametrize(("path", "text", "use"), FOUND.values(), ids=FOUND)
def test_it_is_found(path: str, text: str, use: tuple[str, str]) -> None:
    assert use in [(u.host, u.kind) for u in find_uses(path, text.encode())]


@pytest.mark.parametrize(("path", "text"), NOTHING.values(), ids=NOTHING)
def test_it_is_none(path: str, text: str) -> None:
    assert find_uses(path, text.encode()) == []


def test_the_place_is_the_line() -> None:
    assert [u.line for u in find_uses("a.py", b'\n\nx = "https://a.acme-mail.com"\ny = "https://b.acme-mail.com"')] == [
        3,
        4,
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'x = "https://api.acme-mail.com"\n' + b"#" * (3 << 20), "longer"),
        (b'x = "https://api.acme-mail.com"\n' + b"y" * 50_000, "line longer"),
        (b"\0https://api.acme-mail.com", "binary"),
    ],
)
def test_what_cannot_be_searched_says_so(data: bytes, said: str) -> None:
    with pytest.raises(UnreadError, match=said):
        find_uses("a.py", data)


@pytest.mark.parametrize(
    "path", ["package-lock.json", "poetry.lock", "uv.lock", "package.json", "x.sql", "README.md", "a.png"]
)
def test_locks_and_texts_are_not_searched(path: str) -> None:
    assert not relevant(path)


@given(st.binary(max_size=300), st.sampled_from(["a.py", "a.ts", "a.go", "a.rb", "a.php", "a.yaml", "A.java", "a.cs"]))
def test_any_bytes_are_searched_or_refused(data: bytes, path: str) -> None:
    try:
        find_uses(path, b'x = "https://api.acme-mail.com"\n' + data)
    except UnreadError:
        return
