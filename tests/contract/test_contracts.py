"""The contracts themselves: documented, linted, never broken, every reason in use."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from google.protobuf import descriptor_pb2

from sitekeep.type.v1 import error_reason_pb2

ROOT = Path(__file__).parents[2]
RELEASED = sorted((Path(__file__).parent / "released").glob("*.binpb"))
BUF = Path(sys.executable).parent / "buf"

needs_buf = pytest.mark.skipif(not BUF.exists(), reason="buf is not installed beside Python")

RESERVED = {"ERROR_REASON_UNSPECIFIED", "PLAN_STALE"}
"""PLAN_STALE is for the digests of PlanRestore, which is not offered yet."""

# The numbers of the fields of descriptor.proto, which make up the path of an element.
_MESSAGES, _ENUMS, _SERVICES = 4, 5, 6
_FIELDS, _NESTED_MESSAGES, _NESTED_ENUMS = 2, 3, 4
_VALUES = _METHODS = 2

Element = tuple[tuple[int, ...], str]
"""The path of an element in its file, and its full name."""


def _build_stubs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_stubs", ROOT / "protos/build_stubs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contracts as they stand, with their comments."""
    path = tmp_path_factory.mktemp("contracts") / "sitekeep.binpb"
    _build_stubs().describe(str(path))
    return path


def _files(described: Path) -> list[descriptor_pb2.FileDescriptorProto]:
    found = descriptor_pb2.FileDescriptorSet.FromString(described.read_bytes())
    return [file for file in found.file if file.name.startswith("sitekeep/")]


def test_everything_in_the_contracts_has_a_comment(described: Path) -> None:
    missing: list[str] = []
    count = 0
    for file in _files(described):
        commented = {
            tuple(location.path)
            for location in file.source_code_info.location
            if location.leading_comments.strip()
        }
        for path, name in _elements(file):
            count += 1
            if path not in commented:
                missing.append(f"{file.name}: {name}")
    assert not missing
    assert count > 300


def _elements(file: descriptor_pb2.FileDescriptorProto) -> Iterator[Element]:
    for number, service in enumerate(file.service):
        yield (_SERVICES, number), service.name
        for place, method in enumerate(service.method):
            yield (_SERVICES, number, _METHODS, place), f"{service.name}.{method.name}"
    for number, message in enumerate(file.message_type):
        yield from _of_message((_MESSAGES, number), message.name, message)
    for number, enum in enumerate(file.enum_type):
        yield from _of_enum((_ENUMS, number), enum.name, enum)


def _of_message(
    path: tuple[int, ...], name: str, message: descriptor_pb2.DescriptorProto
) -> Iterator[Element]:
    yield path, name
    for number, field in enumerate(message.field):
        yield (*path, _FIELDS, number), f"{name}.{field.name}"
    for number, nested in enumerate(message.nested_type):
        if not nested.options.map_entry:
            yield from _of_message((*path, _NESTED_MESSAGES, number), nested.name, nested)
    for number, enum in enumerate(message.enum_type):
        yield from _of_enum((*path, _NESTED_ENUMS, number), f"{name}.{enum.name}", enum)


def _of_enum(
    path: tuple[int, ...], name: str, enum: descriptor_pb2.EnumDescriptorProto
) -> Iterator[Element]:
    yield path, name
    for number, value in enumerate(enum.value):
        yield (*path, _VALUES, number), f"{name}.{value.name}"


def _sources() -> Iterator[ast.Module]:
    for folder in ("services", "shared/sitekeep_shared"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield ast.parse(path.read_text())


def test_every_reason_is_used_or_reserved() -> None:
    used = {
        node.value
        for source in _sources()
        for node in ast.walk(source)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    known = {value.name for value in error_reason_pb2.ErrorReason.DESCRIPTOR.values}
    assert known - used == RESERVED


def _buf(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [BUF, *arguments, "--config", ROOT / "protos/buf.yaml", "--path", "sitekeep"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@needs_buf
def test_buf_has_nothing_to_say_about_the_contracts(described: Path) -> None:
    linted = _buf("lint", described)
    assert (linted.returncode, linted.stdout, linted.stderr) == (0, "", "")


def test_there_are_released_contracts() -> None:
    assert RELEASED


@needs_buf
@pytest.mark.parametrize("released", RELEASED, ids=lambda path: path.stem)
def test_the_contracts_break_no_released_ones(described: Path, released: Path) -> None:
    compared = _buf("breaking", described, "--against", released)
    assert (compared.returncode, compared.stdout, compared.stderr) == (0, "", "")


@needs_buf
def test_a_field_that_gets_another_number_is_found(described: Path, tmp_path: Path) -> None:
    changed = descriptor_pb2.FileDescriptorSet.FromString(described.read_bytes())
    [file] = [file for file in changed.file if file.name == "sitekeep/backup/v1/backup.proto"]
    [message] = [message for message in file.message_type if message.name == "Backup"]
    [field] = [field for field in message.field if field.name == "state"]
    field.number = 77
    path = tmp_path / "changed.binpb"
    path.write_bytes(changed.SerializeToString())
    compared = _buf("breaking", path, "--against", RELEASED[-1])
    assert compared.returncode != 0
    assert '"state" on message "Backup"' in compared.stdout
