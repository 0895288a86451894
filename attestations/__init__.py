"""Bytes in, signed bytes out, verified bytes back. A leaf: it imports nothing of gate or lints.

`statements` makes in-toto statements bound to policy, pipeline and signer; `signers` turns one into a Sigstore bundle
(`envelope` is the wire); `trust` says whom to believe; `verify` gives the statement back or raises `Refused` with a
`Reason`. `strict_json` is how every signed JSON document is read and written.
"""
