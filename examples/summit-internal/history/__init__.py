"""Summit's past, made up from a seed and a clock: the database's rows, weekly purge manifests, drill reports.

Every module turns a `Timeline` into records; the same seed and the same `as_of` give the same bytes. Nothing in here
is read by the service.
"""
