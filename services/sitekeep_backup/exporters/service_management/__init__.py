"""Reading Jira Service Management: part of a Jira site, read by the Jira exporter."""
