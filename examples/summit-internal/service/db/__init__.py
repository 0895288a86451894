"""SQLite: connections, migrations, and the session that speaks for one tenant."""
