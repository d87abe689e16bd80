"""Writing the Assets of a site. Source: Atlassian, "Assets REST API" (cloud).

What a retry goes by, so that nothing is made twice: schemas by their key (only those that this
restore meant to make, which is written down before), statuses, types and attributes by their
names, which are unique where they are; objects by their type and all values but references: those
that are equal in that are exchangeable as long as nothing refers to them.
"""
