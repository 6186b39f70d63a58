"""Pictures that the chapter's own code fills: filters, maps, favourite images of a channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Tensor

GREY = 0.6  # between tiles


def mosaic(tiles: Sequence[Tensor] | Tensor, columns: int) -> Tensor:
    """Tiles (N, H, W) or (N, H, W, 3) side by side, one grey pixel apart."""
    import torch

    height, width = tiles[0].shape[:2]
    rows = -(-len(tiles) // columns)
    size = (rows * (height + 1) - 1, columns * (width + 1) - 1)
    board = torch.full((*size, *tiles[0].shape[2:]), GREY)
    for place, tile in enumerate(tiles):
        top = place // columns * (height + 1)
        left = place % columns * (width + 1)
        board[top : top + height, left : left + width] = tile
    return board


def to_unit(tile: Tensor) -> Tensor:
    """Stretched so that the smallest number is 0 and the largest 1; grey where all are alike."""
    low, high = tile.min(), tile.max()
    return (tile - low) / (high - low).clamp_min(1e-9)


def show(axes: Axes, board: Tensor, title: str) -> None:
    """A picture on axes without ticks, every number one square."""
    axes.imshow(board.numpy(), cmap="gray", interpolation="nearest", vmin=0, vmax=1)
    axes.set_axis_off()
    axes.set_title(title)


def edges_by_hand(image: Tensor, maps: Tensor) -> FigureCard:
    """An image (H, W, 3) beside what two filters for edges answer to it: maps (2, H, W)."""
    strongest = maps.abs().max()
    upright, level = maps

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        show(panels[0], image, "image")
        show(panels[1], 0.5 + upright / (2 * strongest), "upright edges")  # grey: no answer
        show(panels[2], 0.5 + level / (2 * strongest), "level edges")

    rows = [
        {"filter": "upright edges", "strongest answer": upright.abs().max().item()},
        {"filter": "level edges", "strongest answer": level.abs().max().item()},
    ]
    return plots.figure_card(
        draw,
        "A horse of 16 by 16 pixels; one filter marks its upright edges, the other its level ones.",
        "One image, two filters made by hand. Grey is no answer. Which edges are white, which "
        "black?",
        rows,
        layout=Layout(ncols=3, height=2.2),
    )


@dataclass(frozen=True)
class Filters:
    """First-layer filters (N, 3, k, k), and each one's share of squared weights in slopes (N,)."""

    weights: Tensor
    edge_shares: Tensor


def first_layer(drawn: Filters, trained: Filters) -> FigureCard:
    """Filters as they were drawn, beside the same filters after training; colours stretched."""

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        titles = ("as drawn at random", "after five epochs")
        for axes, filters, title in zip(panels, (drawn, trained), titles, strict=True):
            tiles = [to_unit(weight.permute(1, 2, 0)) for weight in filters.weights]
            show(axes, mosaic(tiles, 4), title)

    rows = []
    pairs = zip(drawn.edge_shares.tolist(), trained.edge_shares.tolist(), strict=True)
    for number, (before, after) in enumerate(pairs, 1):
        rows.append({"filter": number, "edge share, drawn": before, "edge share, trained": after})
    return plots.figure_card(
        draw,
        f"Filters of 3 by 3 pixels. {percent(trained.edge_shares.mean().item())} of their squared "
        f"weights form edges, before training {percent(drawn.edge_shares.mean().item())}.",
        "The first layer of residual-20, one square per filter, colours stretched. Without the "
        "titles, could you tell which is which?",
        rows,
        layout=Layout(ncols=2, height=3),
    )


def maps_by_place(outputs: Mapping[str, Tensor]) -> dict[str, FigureCard]:
    """One frame per place in a network: its maps (1, C, H, W) for one image, each stretched."""
    frames = {}
    for place, maps in outputs.items():
        (channels,) = maps
        count, side = channels.shape[:2]
        silent = int((channels.amax((1, 2)) == 0).sum())
        board = mosaic([to_unit(channel) for channel in channels], 8 if count == 32 else 4)
        text = (
            f"{place}: {count} channels of {side}×{side}, {silent} of them silent for this image."
        )
        row = {"place": place, "channels": count, "side": side, "silent": silent}
        frames[place] = one_picture(board, place, text, row)
    return frames


def one_picture(board: Tensor, title: str, text: str, row: Mapping[str, object]) -> FigureCard:
    """A single picture; its caption says what there is to see."""

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        (axes,) = panels
        show(axes, board, title)

    return plots.figure_card(draw, text, text, [row])


@dataclass(frozen=True)
class Favourites:
    """What excites one channel.

    Args:
        place: Of the channel: "stem, trained".
        photographs: The nine that excite it most, (9, H, W, 3), 0 to 1.
        purity: Share of the nine that are of one class.
        made: An image made to excite it, (H, W, 3), 0 to 1.
        ratio: Its answer to the made image, relative to that to the best photograph.
    """

    place: str
    photographs: Tensor
    purity: float
    made: Tensor
    ratio: float


def galleries(channels: Sequence[Favourites], columns: int = 2) -> FigureCard:
    """Per channel the photographs that excite it most, and the image made to; `columns` per row."""

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        for number, channel in enumerate(channels):
            show(panels[2 * number], mosaic(channel.photographs, 3), channel.place)
            show(panels[2 * number + 1], channel.made, f"made: ×{channel.ratio:.1f}")

    rows = []
    for channel in channels:
        rows.append(
            {
                "channel of": channel.place,
                "of one class": channel.purity,
                "made image / best photograph": channel.ratio,
            }
        )
    shares = [f"{percent(channel.purity)} for {channel.place}" for channel in channels]
    lines = -(-len(channels) // columns)
    return plots.figure_card(
        draw,
        f"Favourite images of single channels: of one class are {'; '.join(shares)}.",
        "For each channel the nine test images that excite it most, and an image made to excite "
        "it, with its effect relative to the best photograph's. Which of these channels would you "
        "call a detector of objects, and from which picture?",
        rows,
        layout=Layout(nrows=lines, ncols=2 * columns, height=1.8 * lines),
    )


def edges_in_words(drawn: Filters, trained: Filters, at_random: Tensor) -> str:
    """How much of the filters is edges before and after training, beside chance, in one paragraph.

    Args:
        drawn: As drawn at random.
        trained: After training.
        at_random: Edge shares of many random filters, (N,).
    """
    import torch

    before, after = drawn.edge_shares, trained.edge_shares
    alike = torch.cosine_similarity(drawn.weights.flatten(1), trained.weights.flatten(1)).mean()
    return (
        f"Slopes hold {percent(before.mean().item())} of the squared weights before training and "
        f"{percent(after.mean().item())} after it; chance gives "
        f"{percent(at_random.mean().item())}. Filters with more than half of their weight in "
        f"slopes: {int((before > 0.5).sum())} of {len(before)} before and "
        f"{int((after > 0.5).sum())} after; of random filters "
        f"{percent((at_random > 0.5).float().mean().item(), 1)} are like that. And each trained "
        "filter still resembles its own random start: the mean cosine between the two is "
        f"{alike.item():.2f}, where 1 means unchanged in all but size."
    )


def purity_in_words(purity: Mapping[str, float], chance: float) -> str:
    """Mean share of one class among the favourites, by place and state, beside chance.

    Args:
        purity: "stem, trained", "last block, trained" and both untrained -> mean over channels.
        chance: The same for images drawn at random.
    """
    return (
        f"On average over the channels, {percent(purity['stem, trained'])} of the nine favourites "
        f"are of one class in the stem and {percent(purity['last block, trained'])} in the last "
        f"block. Without any training it is {percent(purity['stem, untrained'])} and "
        f"{percent(purity['last block, untrained'])}; nine images drawn at random reach "
        f"{percent(chance)}, because the most frequent class is picked after the fact."
    )


def percent(share: float, digits: int = 0) -> str:
    """A share as a percentage: 0.25 is "25 %"."""
    return f"{100 * share:.{digits}f} %"
