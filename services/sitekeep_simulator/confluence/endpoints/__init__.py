"""The endpoints of the Confluence half, one module a resource."""
