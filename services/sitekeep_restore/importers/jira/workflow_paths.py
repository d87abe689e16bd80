"""Where workflows and their schemes are read and written (Jira REST v3)."""

from __future__ import annotations

READ = "/rest/api/3/workflows"
"""Definitions with all rules, by ids or names."""
SEARCH = READ + "/search"
CREATE = READ + "/create"
VALIDATE = CREATE + "/validation"
ONE = "/rest/api/3/workflow/{id}"

SCHEMES = "/rest/api/3/workflowscheme"
ONE_SCHEME = SCHEMES + "/{id}"
OF_PROJECTS = SCHEMES + "/project"
SWITCH = OF_PROJECTS + "/switch"
