"""Statements from outside the code (a log, pg_stat_statements, a stream of JSON) and the answers to them."""
