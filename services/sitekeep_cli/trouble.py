"""What keeps a verb from the data of the servers, as a sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

from sitekeep_cli.errors import CommandError


@contextlib.contextmanager
def of_data() -> Generator[None, None, None]:
    """Turns what a database or a disk refuses into the end of the command.

    Raises:
        CommandError: the database cannot be used, or the system refuses.
    """
    from sqlalchemy.exc import DBAPIError

    from sitekeep_shared.database.errors import DatabaseError

    try:
        yield
    except DatabaseError as error:
        raise CommandError(str(error)) from error
    except DBAPIError as error:
        # The driver's words over several lines; SQLAlchemy's own name the statement.
        reason = " ".join(str(error.orig).split())
        raise CommandError(f"The database cannot be used: {reason}") from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        reason = error.strerror or "the system refuses"
        raise CommandError(f"The data cannot be kept. {where}{reason}.") from error
