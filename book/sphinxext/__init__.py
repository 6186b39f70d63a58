"""What Sphinx does for this book beyond its own: one package, loaded extension by extension.

`project` knows the repository's address. `records` puts measured numbers on the pages and is the
only room that knows `resnet_course`. `pages` works on documents while they are trees of nodes,
`html` on what is written from them. `_config.yml` lists the modules that are extensions; each of
them has a `setup`, and says first what it is for.
"""
