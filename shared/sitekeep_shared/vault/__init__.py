"""The vault: where backups live, written once, encrypted, checked on every read.

``FORMAT.md`` beside this file is normative. The way through the modules::

    Store            put_new, get, get_range, head, list, delete     store, …_store
    Probe            what a store really guarantees                  probe
    copy_vault       a second copy elsewhere                         copying, object_copier
    VaultKeys        who may write, who may read                     keys, sealing, key_file
    KeyRing          which key is the vault's; rotation              key_ring, rotation
    Unlocks          ways back to a lost key                         unlocks, key_sheet
    pack, index      where the bytes are and how they are found      pack, index, blob_index
    entry, page      what the bytes are                              entry, page, merkle
    manifest         the one object written last: the commit         manifest
    Vault            begin_backup -> BackupSession -> UnitWriter      vault, session, unit_writer
                     open_backup  -> BackupReader                     reader
"""

import os

# The linear algebra of numpy, which nothing here uses, would start a thread for each core; those
# spin before they sleep. It is read when numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
