"""The work of an operation: units in a journal, and a dispatcher that runs them."""
