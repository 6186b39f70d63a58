"""Residual Networks, Measured: networks, recipes, recorded runs and figures behind the course's chapters.

Import what you need, for example `from resnet_course import models, lab`; this module itself loads nothing heavy.
"""

from importlib.metadata import version

__version__ = version("resnet-course")
