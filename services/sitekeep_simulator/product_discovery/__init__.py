"""Jira Product Discovery on a simulated site: projects made by hand whose issues are ideas.

Ideas are issues in every respect (Jira REST v3). What is known of the rest: no request makes a
project of the type ``product_discovery`` (the enum of POST project has no such value) or a field of
a type ``jira.polaris:…``; such fields, the issue type and the statuses belong to one project
(``scope``) and have no context that could be read (404); intervals are JSON texts
``{"start": …, "end": …}``; derived fields are not written. Views and insights have no REST at all,
so there are none here.
"""
