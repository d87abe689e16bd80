"""The database: tables, connections, migrations, and the slot of a service."""
