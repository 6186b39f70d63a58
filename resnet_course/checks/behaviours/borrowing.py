"""What a function borrows it gives back: a network as it was found, in either mode, also after an error."""

from collections.abc import Callable

import torch
from torch import nn

from ..calling import call
from .stubs import Interrupted, failing, lived_in
from .twins import Maker


def keeps_the_callers_state(
    run: Callable[[nn.Module], object],
    make: Maker,
    draws: bool = False,
    under_no_grad: bool = True,
    after_errors: bool = True,
    modes: tuple[bool, ...] = (True, False),
    mixed: bool = True,
) -> None:
    """`run` leaves networks in the middle of a fine-tuning as they are.

    Args:
        run: calls the student's function with a network.
        make: makes a network for it.
        draws: whether the function may draw random numbers.
        under_no_grad: whether it has to work where the caller has switched gradients off.
        modes: those in which the network may come; True is training mode.
        mixed: whether one of its layers may stand in the other mode.
        after_errors: whether the same holds when the network fails, with an error that the caller is to see.
    """
    for training in modes:
        call(run, lived_in(make(), training, mixed), draws=draws)
    if under_no_grad:
        with torch.no_grad():
            call(run, lived_in(make(), modes[0], mixed), draws=draws)
    if after_errors:
        for training in modes:
            call(run, failing(lived_in(make(), training, mixed)), draws=draws, raises=Interrupted)
