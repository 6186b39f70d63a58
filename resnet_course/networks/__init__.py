"""What a network is: blocks, their variants, the papers' networks, and weights in files."""

from .blocks import SHORTCUTS, BottleneckBlock, PlainBlock, ResidualBlock, make_shortcut
from .models import ARCHITECTURES, cifar, imagenet
from .network import Network
from .published import load_published
from .weights import load_weights, save_weights

__all__ = [
    "ARCHITECTURES",
    "SHORTCUTS",
    "BottleneckBlock",
    "Network",
    "PlainBlock",
    "ResidualBlock",
    "cifar",
    "imagenet",
    "load_published",
    "load_weights",
    "make_shortcut",
    "save_weights",
]
