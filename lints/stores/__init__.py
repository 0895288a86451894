"""Stores that are not SQL: Cypher, Redis and MongoDB statements, and ORM calls, judged by rules of their own."""
