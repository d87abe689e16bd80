"""Jira Service Management on a simulated site: desks, their customers and what those ask for."""
