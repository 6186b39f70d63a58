"""Residual Networks, Measured: what is behind the course's chapters.

Networks, probes, recipes, training, records, studies and figures, each in a room of its own. Import
what you need, for example `from resnet_course import launch, records`; this module itself loads
nothing heavy.
"""

from .repository import project

__version__ = project().version
