"""The ``sitekeep`` command: a client of both services."""
