"""What Sphinx does for this book beyond its own: one package, loaded extension by extension.

`project` knows where the course is on the web. `records` puts measured numbers on the pages and is
the only room that reads records. `pages` works on documents while they are trees of nodes,
`html` on what is written from them. `_config.yml` lists the modules that are extensions; each of
them has a `setup`, and says first what it is for.
"""
