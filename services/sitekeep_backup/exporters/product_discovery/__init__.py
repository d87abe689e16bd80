"""What the Jira exporter does for Jira Product Discovery: ideas are issues, the rest is said."""
