"""A SELECT that is compiled once and then run by the driver alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Dialect, Row, Select
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.types import TypeEngine

Rows = Sequence[Row[Any]]
Processor = Callable[[Any], Any]


class Prepared:
    """The text of a SELECT, and what turns values into the driver's and back.

    SQLAlchemy finds the same out for every execution, which takes longer than the query.
    """

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        """Raises NotImplementedError where the text depends on the values: lists of them."""
        compiled: Any = statement.compile(dialect=dialect)
        if compiled.post_compile_params or compiled.literal_execute_params:
            raise NotImplementedError
        types = {name: bound.type for name, bound in compiled.binds.items()}
        self._into = _processors(types, lambda kind: kind.bind_processor(dialect), dialect)
        self._fixed = self._bound(compiled.params)
        self._order: Sequence[str] | None = compiled.positiontup
        self._text = str(compiled)
        columns = list(statement.selected_columns)
        self._keys = SimpleResultMetaData([str(column.key) for column in columns])
        kinds = {place: column.type for place, column in enumerate(columns)}
        self._out_of = _processors(
            kinds, lambda kind: kind.result_processor(dialect, None), dialect
        )

    def rows(self, driver_connection: Any, parameters: Mapping[str, Any]) -> Rows:
        """All rows. Raises the driver's errors."""
        values: Any = self._fixed | self._bound(parameters)
        if self._order is not None:
            values = [values[name] for name in self._order]
        found = driver_connection.execute(self._text, values).fetchall()
        # What a result yields is typed by its statement, which it does not know.
        result = cast(Any, IteratorResult(self._keys, self._read(found)))
        return cast(Rows, result.all())

    def _bound(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: self._into[name](value) if name in self._into else value
            for name, value in parameters.items()
        }

    def _read(self, found: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
        for row in found:
            values = list(row)
            for place, processor in self._out_of.items():
                values[place] = processor(values[place])
            yield tuple(values)


def _processors(
    types: Mapping[Any, TypeEngine[Any]],
    processor_of: Callable[[TypeEngine[Any]], Processor | None],
    dialect: Dialect,
) -> dict[Any, Processor]:
    found = {key: processor_of(kind.dialect_impl(dialect)) for key, kind in types.items()}
    return {key: processor for key, processor in found.items() if processor is not None}
