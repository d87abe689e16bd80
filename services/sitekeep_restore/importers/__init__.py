"""Writing a site: one module per kind of content, below one package per product."""
