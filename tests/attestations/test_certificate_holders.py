"""Who a certificate says it is for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from attestations.certificates import holder

ISSUER, ISSUER_V2 = "1.3.6.1.4.1.57264.1.1", "1.3.6.1.4.1.57264.1.8"
URI, EMAIL, DNS = x509.UniformResourceIdentifier, x509.RFC822Name, x509.DNSName


def leaf(names: list[x509.GeneralName] | None, issuers: dict[str, bytes]) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(minutes=10))
    )
    if names is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
    for oid, value in issuers.items():
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, hashes.SHA256())


def utf8(text: str) -> bytes:
    return asn1.encode_der(text)


def test_the_holder_of_a_certificate() -> None:
    for name in (URI("https://ci.example/workflow"), EMAIL("release-manager@summit.example")):
        for issuers in (
            {ISSUER: b"https://idp.example"},
            {ISSUER_V2: utf8("https://idp.example")},
            {ISSUER: b"https://idp.example", ISSUER_V2: utf8("https://idp.example")},
        ):
            assert holder(leaf([name], issuers)) == (name.value, "https://idp.example")


@pytest.mark.parametrize(
    ("names", "issuers"),
    [
        ([URI("https://a.example"), URI("https://b.example")], {ISSUER: b"https://idp.example"}),
        ([URI("https://a.example"), EMAIL("b@summit.example")], {ISSUER: b"https://idp.example"}),
        ([URI("https://a.example"), DNS("b.example")], {ISSUER: b"https://idp.example"}),
        ([DNS("b.example")], {ISSUER: b"https://idp.example"}),
        (None, {ISSUER: b"https://idp.example"}),
        ([URI("https://a.example")], {}),
        ([URI("https://a.example")], {ISSUER: b"https://idp.example", ISSUER_V2: utf8("https://other.example")}),
        ([URI("https://a.example")], {ISSUER: b"\xff"}),
        ([URI("https://a.example")], {ISSUER_V2: b"not DER"}),
    ],
    ids=[
        "two names",
        "two kinds of name",
        "a host beside the name",
        "only a host",
        "no name",
        "no issuer",
        "two issuers",
        "an issuer that is not text",
        "an issuer that is not DER",
    ],
)
def test_a_certificate_that_is_for_nobody_in_particular(
    names: list[x509.GeneralName] | None, issuers: dict[str, bytes]
) -> None:
    with pytest.raises((ValueError, x509.ExtensionNotFound)):
        holder(leaf(names, issuers))
