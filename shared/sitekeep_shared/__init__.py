"""What both services share: rules, locks, work, vault, Atlassian client, gRPC plumbing."""
