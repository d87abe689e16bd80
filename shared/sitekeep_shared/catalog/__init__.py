"""What a manifest tells about its backup, and how the database is made anew from that."""
