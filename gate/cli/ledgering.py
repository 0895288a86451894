"""`gate ledger`: make, fill, prove, check and anchor the append-only log of what was decided."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate import ledger as ledgers
from gate import run
from gate.cli import options, verifying
from gate.model import GateError

if TYPE_CHECKING:
    from attestations.ledger import Entry, Ledger, Receipt


def ledger(argv: list[str]) -> int:
    """init | append | prove | verify | checkpoint | audit | export."""
    parser = options.Parser("ledger", "Keep an append-only log of signed statements (RFC 9162, C2SP checkpoints).")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=_Sub)
    init = _add(actions, "init", "make a ledger and its checkpoint key")
    init.add_argument("--key", type=options.path, required=True, metavar="FILE", help="the new private key")
    init.add_argument("--no-passphrase", action="store_true", help="for a key that lives in a secret store or a demo")
    append = _add(actions, "append", "record signed statements; each must verify")
    append.add_argument(
        "files", nargs="+", type=options.path, metavar="FILE", help="a Sigstore bundle or DSSE envelope"
    )
    append.add_argument("--key", type=options.path, required=True, metavar="FILE", help="the checkpoint key")
    append.add_argument("--kind", type=options.text, default="attestation", help="what the entries are called")
    append.add_argument("--tenant", type=options.text, metavar="ID", help="whom the statements are about")
    append.add_argument("-o", "--out", type=options.path, default=Path(), metavar="DIR", help="where receipts go")
    append.add_argument(
        "--once", action="store_true", help="what is recorded already is proved, not recorded again (reads the ledger)"
    )
    _add_json(append)
    verifying.add_trust(append)
    prove = _add(actions, "prove", "write receipts under the newest checkpoint")
    prove.add_argument("what", type=options.text, metavar="INDEX|FILE", help="an entry, or all that are about a file")
    prove.add_argument("-o", "--out", type=options.path, default=Path(), metavar="DIR")
    _add_json(prove)
    verify = _add(actions, "verify", "check receipts offline")
    verify.add_argument(
        "receipts", nargs="+", type=options.path, metavar="FILE.tlog-proof", help="beside its FILE.json"
    )
    verify.add_argument("--statement", type=options.path, metavar="FILE", help="the signed statement it must be about")
    _add_json(verify)
    checkpoint = _add(actions, "checkpoint", "print the newest checkpoint; publish it where others keep it")
    checkpoint.add_argument("-o", "--out", type=options.path, metavar="FILE")
    checkpoint.add_argument("--witness", type=options.text, metavar="URL", help="have it cosigned (C2SP tlog-witness)")
    checkpoint.add_argument("--witness-key", type=options.text, metavar="KEY", help="the witness's verifier key")
    checkpoint.add_argument("--rekor", type=options.text, metavar="URL", help="log its digest in a Rekor v2 instance")
    checkpoint.add_argument("--key", type=options.path, metavar="FILE", help="the attestation key that signs for Rekor")
    _add_json(checkpoint)
    audit = _add(actions, "audit", "recompute everything, and say what does not fit")
    _add_json(audit)
    export = _add(actions, "export", "write the ledger as static files that any web server serves (C2SP tlog-tiles)")
    export.add_argument("out", type=options.path, metavar="DIR")
    arguments = parser.parse_args(argv)
    from attestations.ledger import LedgerError

    try:
        return int(_ACTIONS[arguments.action](arguments))
    except LedgerError as error:
        raise ledgers.refusal(error) from None


class _Sub(options.Parser):
    """A subcommand's parser with the same error contract."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(rest["prog"].removeprefix("gate "), "")


def _add(actions: Any, name: str, summary: str) -> Any:
    parser = actions.add_parser(name, help=summary)
    parser.add_argument(
        "--ledger", type=options.text, metavar="PLACE", help="a path or postgresql://… (default: gate.yaml)"
    )
    parser.add_argument("--origin", type=options.text, metavar="NAME", help="the ledger's name")
    parser.add_argument(
        "--ledger-key", action="append", type=options.text, default=[], metavar="KEY", help="a verifier key that counts"
    )
    parser.add_argument(
        "--trusted-checkpoint", type=options.path, metavar="FILE", help="kept elsewhere; the ledger must extend it"
    )
    options.add_root(parser)
    return parser


def _add_json(parser: Any) -> None:
    parser.add_argument("--json", action="store_true", help="machine-readable")


def _json(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"schemaVersion": "1", **document}, indent=2, sort_keys=True) + "\n")


def _named(arguments: Any) -> ledgers.Named:
    """The ledger of the flags, or else of gate.yaml."""
    if arguments.ledger is not None:
        if arguments.origin is None:
            raise GateError("--ledger: say which one it is with --origin NAME")
        return ledgers.named(arguments.ledger, arguments.origin, arguments.ledger_key)
    root = arguments.root.resolve()
    if not (root / "gate.yaml").is_file():
        raise GateError("ledger: which one? give --ledger PLACE and --origin NAME, or run in a checkout that names one")
    found = ledgers.named_by(run.load_policy(root, None), root)
    if found is None:
        raise GateError("ledger: gate.yaml names none; give --ledger PLACE and --origin NAME")
    keys = arguments.ledger_key or found.keys
    return ledgers.named(found.place, arguments.origin or found.origin, keys)


def _trusted(arguments: Any) -> str | None:
    path = arguments.trusted_checkpoint
    if path is None:
        return None
    if not path.is_file():
        raise GateError(f"--trusted-checkpoint {path}: no such file")
    return str(path.read_text("utf-8", "surrogateescape"))


@contextmanager
def _readable(arguments: Any, *, trusted: str | None = None) -> Iterator[Ledger]:
    from attestations.ledger import open_ledger

    found = _named(arguments)
    if not found.keys:
        raise GateError("ledger: whose checkpoints count? give --ledger-key KEY")
    with open_ledger(found.place, origin=found.origin, verifier_keys=found.keys, trusted=trusted) as opened:
        yield opened


def _init(arguments: Any) -> int:
    from attestations.ledger import create_ledger
    from attestations.ledger.key import load_checkpoint_key, new_checkpoint_key

    if arguments.ledger is None or arguments.origin is None:
        raise GateError("ledger init: give --ledger PLACE and --origin NAME")
    place = ledgers.named(arguments.ledger, arguments.origin, ())
    passphrase = None if arguments.no_passphrase else _passphrase()
    verifier = new_checkpoint_key(arguments.key, passphrase, place.origin)
    try:
        signer = load_checkpoint_key(arguments.key, passphrase, place.origin)
        create_ledger(place.place, origin=place.origin, signer=signer).close()
    except BaseException:
        arguments.key.unlink(missing_ok=True)  # a key without its ledger would only be in the way of the next attempt
        raise
    where = f"url: {place.place}" if "://" in place.place else f"path: {place.place}"
    sys.stdout.write(
        f"made the ledger {place.origin}; its checkpoint key is {arguments.key}. In gate.yaml:\n\n"
        f"ledger:\n  {where}\n  origin: {place.origin}\n  keys: [{json.dumps(verifier)}]\n"
    )
    return 0


def _passphrase() -> bytes:
    given = os.environ.get(ledgers.PASSPHRASE_VARIABLE)
    if given:
        return given.encode()
    if not sys.stdin.isatty():
        raise GateError(f"ledger init: set {ledgers.PASSPHRASE_VARIABLE}, or say --no-passphrase")
    first = getpass.getpass("passphrase for the checkpoint key: ")
    if not first or first != getpass.getpass("again: "):
        raise GateError("ledger init: the passphrases are empty or differ")
    return first.encode()


def _append(arguments: Any) -> int:
    from hashlib import sha256

    from attestations.ledger import Entry

    now, _ = run.clock(None)
    arguments.as_of, arguments.artifact, arguments.policy_digest, arguments.max_age = None, [], None, None
    trust, question, _ = verifying.question_of(arguments)
    entries = []
    for path in arguments.files:
        payload, subjects = _verified(path, trust, question)
        digest = sha256(payload).hexdigest()
        entries += [
            Entry(kind=arguments.kind, subject=subject, statement=digest, recorded_at=now, tenant=arguments.tenant)
            for subject in subjects
        ]
    with ledgers.writable(_named(arguments), arguments.key, _trusted(arguments)) as opened:
        known = {i: opened.entry(i) for e in entries for i in opened.find(e.statement)} if arguments.once else {}
        about = {(e.kind, e.subject, e.statement, e.tenant): i for i, e in known.items()}
        there = {about[key] for e in entries if (key := (e.kind, e.subject, e.statement, e.tenant)) in about}
        new = [e for e in entries if (e.kind, e.subject, e.statement, e.tenant) not in about]
        receipts = [*(opened.receipt(i) for i in sorted(there)), *(opened.append(new) if new else ())]
    _write(arguments, opened.origin, [*(known[i] for i in sorted(there)), *new], receipts, recorded=len(new))
    return 0


def _verified(path: Path, trust: Any, question: Any) -> tuple[bytes, list[str]]:
    """The signed bytes of a statement that verifies, and the digests it is about."""
    from attestations.refusal import Refused
    from gate.bundle.single import verify_one

    if not path.is_file():
        raise GateError(f"{path}: no such file")
    try:
        found = verify_one(path.read_bytes(), trust, question)
    except Refused as refused:
        raise GateError(f"{path}: {refused}; only what verifies is recorded") from None
    subjects = [digests["sha256"] for _, digests in found.subjects if "sha256" in digests]
    if not subjects:
        raise GateError(f"{path}: the statement is about no SHA-256; there is nothing to record it under")
    return found.payload, subjects


def _write(
    arguments: Any, origin: str, entries: Sequence[Entry], receipts: Sequence[Receipt], *, recorded: int
) -> None:
    """Entries and receipts as files, and a word of each; the last `recorded` of them are new."""
    from gate.reading import format_time
    from gate.writing import write_file

    for name, data in ledgers.files_of(entries, receipts).items():
        write_file(arguments.out / name, data)
    if arguments.json:
        rows = [
            {
                "index": receipt.index, "kind": entry.kind, "subject": entry.subject, "statement": entry.statement,
                "recorded_at": format_time(entry.recorded_at), "tenant": entry.tenant,
                "receipt": str(arguments.out / f"{receipt.index}.tlog-proof"), "new": number >= len(entries) - recorded,
            }
            for number, (entry, receipt) in enumerate(zip(entries, receipts, strict=True))
        ]  # fmt: skip
        _json({"origin": origin, "entries": rows})
        return
    for entry, receipt in zip(entries, receipts, strict=True):
        sys.stdout.write(
            f"entry {receipt.index}: {entry.kind} about sha256:{entry.subject}; {receipt.index}.tlog-proof\n"
        )


def _prove(arguments: Any) -> int:
    from hashlib import sha256

    from attestations import envelope
    from attestations.refusal import Refused

    with _readable(arguments, trusted=_trusted(arguments)) as opened:
        if arguments.what.isdecimal():
            indices: tuple[int, ...] = (int(arguments.what),)
        else:
            path = Path(arguments.what)
            if not path.is_file():
                raise GateError(f"{path}: neither a number nor a file")
            try:
                statement = envelope.read(path.read_bytes()).envelope.payload
            except Refused as refused:
                raise GateError(f"{path}: {refused}") from None
            indices = opened.find(sha256(statement).hexdigest())
        if not indices:
            if arguments.json:
                _json({"origin": opened.origin, "entries": []})
            else:
                sys.stdout.write(f"not in the ledger: {arguments.what}\n")
            return 1
        entries, receipts = [opened.entry(i) for i in indices], [opened.receipt(i) for i in indices]
        _write(arguments, opened.origin, entries, receipts, recorded=0)
    return 0


def _verify(arguments: Any) -> int:
    """Needs the receipts and a verifier key, not the ledger. Exit 1 when one of them does not verify."""
    from hashlib import sha256

    from attestations import envelope
    from attestations.refusal import Refused

    keys = arguments.ledger_key or _named(arguments).keys
    if not keys:
        raise GateError("ledger verify: whose checkpoints count? give --ledger-key KEY")
    wanted = None
    if arguments.statement is not None:
        try:
            wanted = sha256(envelope.read(arguments.statement.read_bytes()).envelope.payload).hexdigest()
        except Refused as refused:
            raise GateError(f"{arguments.statement}: {refused}") from None
    found = [_judged(path, keys, wanted) for path in arguments.receipts]
    held = all(row["held"] for row in found)
    if arguments.json:
        _json({"accepted": held, "receipts": found})
        return 0 if held else 1
    for row in found:
        if not row["held"]:
            sys.stdout.write(f"REFUSED: {row['receipt']}: {row['detail']} [{row['code']}]\n")
            continue
        sys.stdout.write(
            f"RECORDED: {row['kind']} about sha256:{row['subject']}, statement sha256:{row['statement']}, at "
            f"{row['recorded_at']}: entry {row['index']} of {row['size']} in {row['origin']}\n"
        )
    return 0 if held else 1


def _judged(path: Path, keys: Sequence[str], wanted: str | None) -> dict[str, Any]:
    """One receipt with its entry beside it: what it records, or why it is refused."""
    from attestations.ledger import LedgerError, read_entry, read_receipt, verify_receipt
    from gate.reading import format_time

    beside = path.with_suffix(".json")
    for file in (path, beside):
        if not file.is_file():
            raise GateError(f"{file}: no such file")
    try:
        entry = read_entry(beside.read_bytes())
        receipt = read_receipt(path.read_text("utf-8", "surrogateescape"), entry)
        checkpoint = verify_receipt(receipt, entry, keys)
    except LedgerError as error:
        return {"receipt": str(path), "held": False, "code": str(error.code), "detail": error.message}
    if wanted is not None and entry.statement != wanted:
        return {"receipt": str(path), "held": False, "code": "entry-mismatch", "detail": "records another statement"}
    return {
        "receipt": str(path), "held": True, "code": None, "detail": None, "kind": entry.kind, "subject": entry.subject,
        "statement": entry.statement, "recorded_at": format_time(entry.recorded_at), "tenant": entry.tenant,
        "index": receipt.index, "size": checkpoint.size, "origin": checkpoint.origin,
    }  # fmt: skip


def _checkpoint(arguments: Any) -> int:
    from attestations.ledger import publish
    from attestations.ledger.note import open_checkpoint
    from gate.writing import write_file

    if (arguments.witness is None) != (arguments.witness_key is None):
        raise GateError("--witness and --witness-key go together")
    with _readable(arguments, trusted=_trusted(arguments)) as opened:
        if arguments.witness is not None:
            note = publish.witness(opened, arguments.witness, arguments.witness_key)
        else:
            note = opened.checkpoint()
    rekor = None if arguments.rekor is None else Path(f"{arguments.out or 'checkpoint'}.rekor.json")
    if rekor is not None:
        write_file(rekor, _log(note, arguments))
    if arguments.out is not None:
        write_file(arguments.out, note.encode())
    if arguments.json:
        checkpoint = open_checkpoint(note, opened.verifiers)
        _json({
            "origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex(), "note": note,
            "witnessed": arguments.witness is not None, "rekor": rekor and str(rekor),
        })  # fmt: skip
    elif arguments.out is None:
        sys.stdout.write(note)
    return 0


def _log(note: str, arguments: Any) -> bytes:
    from attestations.ledger import publish
    from attestations.signers import SignerError
    from attestations.signers.key import load_key
    from gate.signing import PASSPHRASE_VARIABLE

    if arguments.key is None:
        raise GateError("--rekor: give the attestation key that signs for it with --key FILE")
    passphrase = os.environ.get(PASSPHRASE_VARIABLE)
    try:
        signer = load_key(arguments.key, passphrase.encode() if passphrase else None, "unknown")
    except SignerError as error:
        raise GateError(str(error)) from None
    return publish.publish_to_rekor(
        note,
        arguments.rekor,
        sign=lambda data: bytes.fromhex(signer.backend.sign(data).signature),
        public_key=signer.public.der,
    )


def _audit(arguments: Any) -> int:
    """Exit 0 when everything fits, 1 when something does not."""
    from attestations.ledger import audit

    with _readable(arguments) as opened:
        report = audit(opened, _trusted(arguments))
        durability = opened.durability
    if arguments.json:
        document = {
            "origin": report.origin,
            "ok": report.ok,
            "entries": report.size,
            "checkpoints": report.checkpoints,
            "anchored": report.anchor is not None,
            "durability": durability,
            "findings": [{"code": str(f.code), "index": f.index, "message": f.message} for f in report.findings],
        }
        _json(document)
        return 0 if report.ok else 1
    anchored = "compared with a trusted checkpoint" if report.anchor else "no trusted checkpoint was given"
    word = "SOUND" if report.ok else "NOT SOUND"
    sys.stdout.write(f"{word}: {report.origin}, {report.size} entries, {report.checkpoints} checkpoints; {anchored}\n")
    sys.stdout.writelines(f"  {finding.message} [{finding.code}]\n" for finding in report.findings)
    return 0 if report.ok else 1


def _export(arguments: Any) -> int:
    from attestations.ledger.tiles import export_tiles

    with _readable(arguments, trusted=_trusted(arguments)) as opened:
        sys.stdout.write(export_tiles(opened, arguments.out))
    return 0


_ACTIONS = {
    "init": _init,
    "append": _append,
    "prove": _prove,
    "verify": _verify,
    "checkpoint": _checkpoint,
    "audit": _audit,
    "export": _export,
}
