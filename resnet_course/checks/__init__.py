"""Self-checks of the assignments: type, shape, value, then behaviour; one sentence names the fault, not the answer.

`verdict` says what a check is, `calling` runs a student's code, `values` looks at what comes out, and `behaviours`
holds what is asked of many answers: to leave the caller's state alone, to learn everywhere, to work for other
shapes. Self-checks and hidden tests use the same ones. Each assignment has a module of its own.
"""

from .verdict import Check, CheckFailed, check, expect

__all__ = ["Check", "CheckFailed", "check", "expect"]
