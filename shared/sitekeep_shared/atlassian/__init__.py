"""The client of an Atlassian Cloud site: requests, limits, retries, files."""
