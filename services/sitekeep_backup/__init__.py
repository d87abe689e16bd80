"""The Backup service: organizations, products, policies, backups. It only writes the vault."""
