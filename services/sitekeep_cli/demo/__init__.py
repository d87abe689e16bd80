"""The demonstration: simulated sites are backed up, restored and compared."""
