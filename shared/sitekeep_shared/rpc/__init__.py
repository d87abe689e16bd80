"""gRPC plumbing that both servers share."""
