"""Bytes in, signed bytes out, verified bytes back. A leaf: it imports nothing of gate or lints."""
