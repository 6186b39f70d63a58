"""The sandbox's program."""

from .warden import serve

serve()
