"""The Restore service: checks, restores, contents. It only reads the vault."""
