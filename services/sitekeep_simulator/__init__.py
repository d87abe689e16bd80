"""A simulated Atlassian Cloud site over HTTP, for the demo, the tests and the benchmarks."""
