"""The decision: collect facts, ask them questions in SQL, decide, report, sign."""

__version__ = "0.1.0"
