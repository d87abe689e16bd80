"""What the Jira importer does for Jira Product Discovery: ideas are issues."""
