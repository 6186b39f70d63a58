"""Residual Networks, Measured: networks, recipes, recorded runs and figures behind the course's chapters.

Import what you need, for example `from resnet_course import models, lab`; this module itself loads nothing heavy.
"""

from .repository import project

__version__ = project().version
