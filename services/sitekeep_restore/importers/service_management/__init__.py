"""Writing Jira Service Management: part of a Jira site, written by the Jira importer."""
