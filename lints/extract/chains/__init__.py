"""Chains of calls of ORMs and query builders: where one begins, by language or library, and how it is followed."""
