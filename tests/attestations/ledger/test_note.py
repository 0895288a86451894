"""Signed notes and checkpoints: the specification's example, all that is not one, and keys that prove nothing."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from attestations.ledger import Checkpoint, Code, LedgerError, key_signer, open_checkpoint, parse_verifier
from attestations.ledger.note import COSIGNATURE, sign_checkpoint

# The example of c2sp.org/signed-note.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
CHECKPOINT = Checkpoint(origin="ledger.example/evidence", size=7, root=bytes(range(32)))


@pytest.fixture(scope="module")
def note(kit: Any) -> str:
    return sign_checkpoint(CHECKPOINT, kit.signer())


def code_of(note: str, *keys: str) -> Code | None:
    try:
        open_checkpoint(note, [parse_verifier(key) for key in keys])
    except LedgerError as error:
        return error.code
    return None


def test_the_specifications_example_verifies_and_is_no_checkpoint() -> None:
    assert str(parse_verifier(EXAMPLE_KEY)) == EXAMPLE_KEY
    assert code_of(EXAMPLE, EXAMPLE_KEY) is Code.CHECKPOINT_MALFORMED  # read only after its signature verified
    assert code_of(EXAMPLE.replace("This", "That"), EXAMPLE_KEY) is Code.BAD_SIGNATURE


def test_a_signed_checkpoint_is_the_text_of_the_specification(note: str, kit: Any) -> None:
    text, line = note.split("\n\n")
    assert text == "ledger.example/evidence\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    assert line.startswith("— ledger.example/evidence ")
    assert open_checkpoint(note, [kit.signer().verifier]) == CHECKPOINT


def test_other_signatures_do_not_matter_whatever_they_are(note: str, kit: Any) -> None:
    extra = f"— witness.example/w {base64.b64encode(bytes(76)).decode()}\n"
    text, line = note.split("\n\n")
    for several in (note + extra, f"{text}\n\n{extra}{line}", note + 98 * extra):
        assert code_of(several, kit.key) is None
        assert code_of(several, EXAMPLE_KEY) is Code.UNTRUSTED
    assert code_of(note + 100 * extra, kit.key) is Code.NOTE_MALFORMED


def test_one_bad_signature_by_a_trusted_key_spoils_the_note(note: str, kit: Any) -> None:
    text, line = note.split("\n\n")
    name, blob = line.removeprefix("— ").split(" ")
    bad = bytearray(base64.b64decode(blob))
    bad[-1] ^= 1
    forged = f"— {name} {base64.b64encode(bad).decode()}\n"
    assert code_of(f"{text}\n\n{forged}", kit.key) is Code.BAD_SIGNATURE
    assert code_of(note + forged, kit.key) is Code.BAD_SIGNATURE


def test_the_key_of_another_ledger_speaks_only_for_that_one(kit: Any) -> None:
    other = kit.signer(origin="other.example/ledger")
    note = f"{CHECKPOINT}\n— other.example/ledger "
    note += base64.b64encode(other.verifier.key_id + other.sign(str(CHECKPOINT).encode())).decode() + "\n"
    assert code_of(note, str(other.verifier)) is Code.WRONG_ORIGIN
    assert code_of(note, str(other.verifier), kit.key) is Code.WRONG_ORIGIN


def test_after_a_rotation_either_key_opens_its_checkpoints(kit: Any) -> None:
    old, new = kit.signer(1), kit.signer(2)
    for signer in (old, new):
        assert code_of(sign_checkpoint(CHECKPOINT, signer), str(old.verifier), str(new.verifier)) is None
    assert code_of(sign_checkpoint(CHECKPOINT, old), str(new.verifier)) is Code.UNTRUSTED


def test_a_signer_whose_signature_does_not_verify_hands_out_nothing(kit: Any) -> None:
    class Broken:
        verifier = kit.signer().verifier

        def sign(self, text: bytes) -> bytes:
            return bytes(64)

    assert kit.refused(lambda: sign_checkpoint(CHECKPOINT, Broken())).code is Code.BAD_SIGNATURE


TEXT = str(CHECKPOINT)


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ("leading zero in the size", TEXT.replace("\n7\n", "\n07\n")),
        ("signed size", TEXT.replace("\n7\n", "\n+7\n")),
        ("size in other digits", TEXT.replace("\n7\n", "\n٧\n")),
        ("size beyond 63 bits", TEXT.replace("\n7\n", "\n9223372036854775808\n")),
        ("no root", "ledger.example/evidence\n7\n"),
        ("short root", "ledger.example/evidence\n7\nAAAA\n"),
        ("root with slack bits", TEXT.replace("Hh8=", "Hh9=")),
        ("extension line", TEXT + "more\n"),
        ("empty line inside", TEXT.replace("\n7\n", "\n\n7\n")),
    ],
)
def test_signed_text_that_is_no_checkpoint(case: str, text: str, kit: Any) -> None:
    signer = kit.signer()
    blob = base64.b64encode(signer.verifier.key_id + signer.sign(text.encode())).decode()
    assert code_of(f"{text}\n— {signer.verifier.name} {blob}\n", kit.key) is Code.CHECKPOINT_MALFORMED, case


@pytest.mark.parametrize(
    ("case", "change"),
    [
        ("empty", lambda _: ""),
        ("no signature", lambda note: note.split("\n\n")[0] + "\n\n"),
        ("no blank line", lambda note: note.replace("\n\n", "\n")),
        ("no final newline", lambda note: note[:-1]),
        ("carriage returns", lambda note: note.replace("\n", "\r\n")),
        ("hyphen for the dash", lambda note: note.replace("— ", "- ")),
        ("name with a plus", lambda note: note.replace("— ledger", "— led+ger")),
        ("no-break space for the space", lambda note: note.replace("— l", "—\u00a0l")),
        ("base64 without padding", lambda note: note.replace("=\n\n", "=\n\n").rstrip("\n").rstrip("=") + "\n"),
        ("signature of four bytes", lambda note: note.rpartition(" ")[0] + " AAAAAA==\n"),
        ("lone surrogate", lambda note: note.replace("ledger", "led\udc80ger")),
        ("too long", lambda note: "x" * 70000 + note),
    ],
)
def test_what_is_no_signed_note(case: str, change: Any, note: str, kit: Any) -> None:
    assert code_of(change(note), kit.key) is Code.NOTE_MALFORMED, case


@given(st.data())
def test_no_changed_character_goes_unnoticed(data: st.DataObject) -> None:
    signer = key_signer(Ed25519PrivateKey.from_private_bytes(bytes(32)), CHECKPOINT.origin)
    note = sign_checkpoint(CHECKPOINT, signer)
    at = data.draw(st.integers(0, len(note) - 1))
    other = data.draw(st.characters().filter(lambda letter: letter != note[at]) | st.just(""))
    assert code_of(note[:at] + other + note[at + 1 :], str(signer.verifier)) is not None


@given(st.text() | st.binary().map(lambda data: data.decode("utf-8", "surrogateescape")))
def test_any_text_is_refused_with_a_code(text: str) -> None:
    assert code_of(text, EXAMPLE_KEY) is not None


P = 2**255 - 19


def vkey(material: bytes) -> str:
    digest = hashlib.sha256(b"weak.example\n\x01" + material).hexdigest()[:8]
    return f"weak.example+{digest}+{base64.b64encode(bytes([1]) + material).decode()}"


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", [0, 1, P - 1, P, P + 1, 2**255 - 1, "order 8", "minus order 8"])
def test_a_weak_point_is_no_key(y: int | str, sign: int, kit: Any) -> None:
    low = int("05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826", 16)
    number = {"order 8": low, "minus order 8": P - low}.get(str(y), y)
    assert isinstance(number, int)
    key = vkey((number | sign << 255).to_bytes(32, "little"))
    assert kit.refused(lambda: parse_verifier(key)).code is Code.KEY_INVALID


@pytest.mark.parametrize(
    ("case", "key"),
    [
        ("empty", ""),
        ("no parts", "ledger.example"),
        ("wrong id", EXAMPLE_KEY.replace("530d903a", "530d903b")),
        ("id in capitals", EXAMPLE_KEY.replace("530d903a", "530D903A")),
        ("other type", EXAMPLE_KEY.replace("+Aek", "+Aik")),
        ("short key", EXAMPLE_KEY[:-4]),
        ("not base64", EXAMPLE_KEY.replace("U2k", "U2*")),
        ("newline", EXAMPLE_KEY + "\n"),
        ("a key of hundreds of characters", EXAMPLE_KEY * 20),
    ],
)
def test_what_is_no_verifier_key(case: str, key: str, kit: Any) -> None:
    assert kit.refused(lambda: parse_verifier(key)).code is Code.KEY_INVALID, case


def test_a_witnesss_key_is_not_a_ledgers(kit: Any) -> None:
    assert kit.refused(lambda: parse_verifier(EXAMPLE_KEY, COSIGNATURE)).code is Code.KEY_INVALID


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\nb", "a\u2003b", "a\u200bb", "x" * 256, "\udc80"])
def test_a_name_that_would_not_stand_in_a_note(origin: str, kit: Any) -> None:
    assert kit.refused(lambda: kit.signer(origin=origin)).code is Code.WRONG_ORIGIN
