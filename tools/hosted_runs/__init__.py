"""Run every notebook where the repository is not, as Colab does, and with the oldest versions.

`older` and `newest` are places like Colab: Python 3.12, IPython, ipykernel and ipywidgets as Colab
brings them, a PyTorch that is not the lock file's, and no course. The notebooks' own set-up cell
installs it there, from a copy of this working tree that git takes for the published repository; it
runs twice, and must leave PyTorch alone. `minimum` has the oldest versions that pyproject.toml
allows, and a built wheel.
"""
