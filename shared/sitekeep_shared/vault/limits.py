"""The sizes and times of a vault; tests shrink them so that small data crosses every boundary."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
DAY_SECONDS = 86_400.0


@dataclass(frozen=True)
class Limits:
    """How large things get and how long things last. None of it is part of the format.

    The exceptions are the three ``chunk_*`` sizes and ``single_blob_bytes``: a
    vault can be read whatever they are, but changing them ends deduplication
    against what older backups hold.
    """

    frame_bytes: int = 1 * MIB
    """Raw bytes of records that are compressed together."""
    own_frame_bytes: int = 64 * KIB
    """A chunk of a file above this gets a frame of its own."""
    record_level: int = 3
    """zstd level of records."""
    file_level: int = 1
    """zstd level of files."""
    smallest_saving: float = 0.02
    """A frame that compression makes smaller by less than this share is stored raw."""
    pack_target_bytes: int = 16 * MIB
    """A pack is closed once it is this large."""
    pack_max_bytes: int = 64 * MIB
    """No pack is ever larger."""
    single_blob_bytes: int = 8 * MIB
    """A file or record up to this size is one blob."""
    chunk_min_bytes: int = 1 * MIB
    chunk_average_bytes: int = 4 * MIB
    chunk_max_bytes: int = 16 * MIB
    page_entries: int = 1024
    """Entries of a page at most."""
    page_bytes: int = 512 * KIB
    """A page is closed once its entries take this much."""
    verify_before_put: bool = True
    """Open, decompress and compare each frame before its pack is put."""
    hash_inline_bytes: int = 64 * KIB
    """Payloads up to this size are hashed without a thread."""
    queued_frame_bytes: int = 8 * MIB
    """Raw bytes that may wait to be compressed, per kind of pack, before writers have to wait."""
    parallel_puts: int = 2
    """Packs on their way to the store at once."""
    parallel_requests: int = 16
    """Small reads and HEADs at once."""
    large_files_at_once: int = 4
    """Files above ``single_blob_bytes`` that are chunked at once; each takes up to 32 MiB."""
    checkpoint_linger_seconds: float = 0.5
    """How long a finished unit waits for company before its checkpoint."""
    checkpoint_hurry_bytes: int = 64 * MIB
    """Staged raw bytes from which a finished unit does not wait for company."""
    checkpoint_bytes: int = 1024 * MIB
    """Staged raw bytes from which a checkpoint is made without a finished unit."""
    checkpoint_seconds: float = 300.0
    """Time after which a checkpoint is made without a finished unit."""
    reuse_seconds: float | None = None
    """Packs older than this count as absent for new backups; None: packs of any age are reused."""
    sparse_pack_share: float = 0.5
    """A pack of whose raw bytes the newest backups need less than this share is written anew."""
    lease_seconds: float = 600.0
    """How long a lease is valid."""
    lease_renew_seconds: float = 200.0
    """How often it is renewed."""
    commit_margin_seconds: float = 120.0
    """A commit is refused when the lease is valid for less than this."""
    skew_seconds: float = 300.0
    """How far the clocks of this machine and of the store may differ."""
    condemned_seconds: float = 86_400.0
    """How long what is condemned waits before it is removed."""
    orphan_seconds: float = 86_400.0
    """How long what no finished backup needs is left alone, and an unfinished one may resume."""
    forgotten_seconds: float = 30 * 86_400.0
    """How long the mark that a backup was given up is kept."""
    merged_rows: int = 1 << 20
    """Rows of an index object that is merged from others, at most: 48 MiB."""
    index_objects: int = 16
    """More small index objects than this are merged."""
    dead_rows_share: float = 0.25
    """An index object is written anew when more of its rows than this lie in removed packs."""
    put_seconds: float = 60.0
    """A put ends within this, done or not; less than ``commit_margin_seconds``, so that a
    manifest is never created after the lease that it rests on."""
    transfer_seconds: float = 600.0
    """The same for what no lease guards: packs, whose names prove them, and what is read."""
    request_seconds: float = 60.0
    """How long a remote store may take to look up, remove or list, with all attempts."""
    idle_seconds: float = 20.0
    """A remote store that sends nothing for this long is asked again."""
    slowest_bytes_per_second: int = 64 * KIB
    """An attempt to put may take this much longer than ``idle_seconds``, by its size."""
    retry_first_seconds: float = 0.2
    """The longest pause before the second attempt; it doubles with each further one."""
    retry_most_seconds: float = 10.0
    """No pause is longer."""
    frame_cache_bytes: int = 32 * MIB
    """Decrypted frames that a reader keeps."""
    pack_cache_count: int = 256
    """Opened pack headers and frame tables that a reader keeps."""
    page_cache_count: int = 8
    """Decoded pages that a reader keeps."""
    slice_entries: int = 8192
    """Entries that a verification takes in hand at once, at most."""
    slice_bytes: int = 256 * MIB
    """Their content, unless a single entry is larger."""
