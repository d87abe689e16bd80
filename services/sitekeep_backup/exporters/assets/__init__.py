"""Reading the Assets of a site. Source: Atlassian, "Assets REST API" (cloud)."""
