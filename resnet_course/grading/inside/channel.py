"""Messages over a pair of file descriptors: JSON with its length before it, read byte by byte in need.

Nothing is buffered, so that a fork finds exactly what nobody has read before it.
"""

import json
import os
from dataclasses import dataclass
from typing import Any

Message = dict[str, Any]
HEADER = 8  # bytes of the length


class Closed(Exception):
    """The other end has closed."""


@dataclass(frozen=True)
class Channel:
    """Two descriptors, one to read from and one to write to."""

    reading: int
    writing: int

    def send(self, message: Message) -> None:
        """Write one message whole."""
        body = json.dumps(message).encode()
        data = len(body).to_bytes(HEADER, "big") + body
        while data:
            data = data[os.write(self.writing, data) :]

    def receive(self) -> Message:
        """Read one message. Raises Closed when there is none."""
        length = int.from_bytes(self._exactly(HEADER), "big")
        message: Message = json.loads(self._exactly(length))
        return message

    def _exactly(self, count: int) -> bytes:
        parts = []
        while count:
            part = os.read(self.reading, min(count, 1 << 20))
            if not part:
                raise Closed
            parts.append(part)
            count -= len(part)
        return b"".join(parts)
