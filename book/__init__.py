"""The book: its pages and assets, and in `sphinxext` the Sphinx extensions that build it."""
