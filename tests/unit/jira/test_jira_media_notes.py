"""The media id of a file is kept with the known file: only a download tells it."""

from __future__ import annotations

import uuid

import pytest

from sitekeep_backup.exporters.jira.attachments import media_note, media_of

UUID = "5b0a6f0e-8d4f-4d0e-9a51-0c6f6a2b7c11"


@pytest.mark.parametrize(
    "media",
    [UUID, UUID.upper(), UUID.replace("-", "") + "----", "-" * 36, "0" * 36, str(uuid.UUID(int=0))],
)
def test_any_media_id_comes_back_as_it_was(media: str) -> None:
    note = media_note([f"https://media.example/file/{media}/binary?token=x"])
    assert media_of(note) == media
    assert len(note) == (16 if media in (UUID, str(uuid.UUID(int=0))) else 36)


@pytest.mark.parametrize("locations", [[], ["https://media.example/other"]])
def test_a_file_without_a_media_id_has_none(locations: list[str]) -> None:
    assert media_note(locations) == b""
    assert media_of(b"") == ""
