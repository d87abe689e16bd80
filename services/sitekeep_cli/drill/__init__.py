"""The drill: a restore that is made to see whether it works."""
