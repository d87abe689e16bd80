"""Compares two backups in a canonical form that knows neither ids nor sites.

Independent of what reads and writes the sites: it works from the records that the
backups hold, and from nothing else.
"""
