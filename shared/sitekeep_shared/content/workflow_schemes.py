"""The workflow scheme that every site of Jira has from its first day.

It has no id (Jira REST v3, workflowscheme/project), stands in no list, and no request gives it
to a project that has issues.
"""

from __future__ import annotations

DEFAULT = "default"
"""What stands for its id in the attribute of a project."""
DEFAULT_NAME = "Default workflow scheme"
DEFAULT_WORKFLOW = "jira"
"""The name of the workflow that it has for every type; the site's own, nobody can change it."""
