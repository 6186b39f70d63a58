"""Looking inside a network: responses, gradients, lesions, paths, grafts and linear probes.

All take any nn.Module and leave no trace: hooks are gone, weights, buffers and modes are as they were, also after an
exception. A "block" is a module with a branch `residual` or a `shortcut` (ours), or a `downsample` (torchvision's).
"""

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from .blocks import ZeroPadShortcut

BESIDE_THE_PATH = ("shortcut", "downsample", "gate")  # parts of a block that are no layers of the main path


def blocks(net: nn.Module) -> dict[str, nn.Module]:
    """The blocks of a network by name, in order. Raises ValueError when it has none."""
    parts = ("residual", "shortcut", "downsample")
    found = {name: m for name, m in net.named_modules() if any(hasattr(m, part) for part in parts)}
    if not found:
        raise ValueError(f"{type(net).__name__} has no blocks: no module with a residual, shortcut or downsample")
    return found


def main_path(net: nn.Module, of: type | tuple) -> dict[str, nn.Module]:
    """The modules of a kind by name, in order, none of projections or gates. Raises ValueError when there is none."""
    modules = {name: m for name, m in net.named_modules() if not any(part in name for part in BESIDE_THE_PATH)}
    found = {name: m for name, m in modules.items() if isinstance(m, of)}
    if not found:
        raise ValueError(f"{type(net).__name__} has no layer of the kind asked for")
    return found


@contextmanager
def untouched(net: nn.Module) -> Iterator[None]:
    """Put back the network's buffers (batch-norm statistics) and modes when the `with` ends, however it ends."""
    with ExitStack() as afterwards:
        for module in net.modules():
            afterwards.callback(setattr, module, "training", module.training)
        for buffer in net.buffers():
            afterwards.callback(buffer.data.copy_, buffer.clone())
        yield


@contextmanager
def recalibrated(net: nn.Module, images: Tensor) -> Iterator[nn.Module]:
    """The network with the batch-norm statistics of `images` (N, 3, H, W) in place of its own, until the `with` ends.

    An untrained network has none of its own yet, and those of a network in training lag behind its weights.
    """
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    with untouched(net), torch.no_grad(), ExitStack() as afterwards:
        for norm in norms:
            afterwards.callback(setattr, norm, "momentum", norm.momentum)
            norm.reset_running_stats()
            norm.momentum = 1.0  # take the batch's statistics whole
            norm.train()
        net(images)
        for norm in norms:
            norm.eval()
        yield net


@contextmanager
def hooked(hooks: Iterable) -> Iterator[None]:
    """Remove the hooks (as returned by register_forward_hook) when the `with` ends, however it ends."""
    with ExitStack() as afterwards:
        for hook in hooks:
            afterwards.callback(hook.remove)
        yield


@contextmanager
def watched(net: nn.Module, modules: Mapping, reduce: Callable[[Tensor], Any], join: Callable) -> Iterator[dict]:
    """`join` of the `reduce`d outputs of each of `modules` (by any key) over all forward passes of `net`.

    Filled when the `with` ends, also by an exception, for the modules that ran. Raises ValueError when `net` is in
    training mode: a forward pass would move its batch-norm statistics.
    """
    if net.training:
        raise ValueError("this probe would move batch-norm statistics in training mode; call net.eval() first")
    seen, joined = {key: [] for key in modules}, {}

    def watch(values: list) -> Callable:
        return lambda _module, _inputs, output: values.append(reduce(output.detach()))

    with hooked(module.register_forward_hook(watch(seen[key])) for key, module in modules.items()):
        try:
            yield joined
        finally:
            joined |= {key: join(values) for key, values in seen.items() if values}


def layer_responses(net: nn.Module, of: type | tuple = nn.BatchNorm2d) -> AbstractContextManager[dict]:
    """Standard deviation of each layer's response over all images, channels and pixels (He 2015, Fig. 7).

    >>> with layer_responses(net) as stds:
    ...     net(images)

    The response is the output of every `of` module on the main path: after batch norm, before the nonlinearity or the
    addition. Raises ValueError as `watched` does, and when `net` has no such module.
    """
    return watched(net, main_path(net, of), _moments, _pooled_std)


def block_outputs(net: nn.Module, reduce: Callable[[Tensor], Tensor]) -> AbstractContextManager[dict]:
    """`reduce`d output of every block, all batches joined. Raises ValueError as `watched` does."""
    return watched(net, blocks(net), reduce, torch.cat)


def _moments(x: Tensor) -> tuple[int, Tensor, Tensor]:
    """Count, variance and mean, in two passes: torch.var_mean takes twenty times as long on a CPU."""
    x = x.float()
    mean = x.mean()
    return x.numel(), torch.linalg.vector_norm(x - mean).square() / x.numel(), mean


def _pooled_std(parts: Sequence[tuple[int, Tensor, Tensor]]) -> float:
    counts, variances, means = torch.tensor(parts, dtype=torch.float64).T
    mean = (counts * means).sum() / counts.sum()
    return math.sqrt((counts * (variances + (means - mean) ** 2)).sum() / counts.sum())


@contextmanager
def branch_ratios(net: nn.Module) -> Iterator[dict[str, float]]:
    """|F(x)| / |shortcut(x)| of each block, by the Euclidean norms over all images; filled when the `with` ends.

    Raises ValueError as `watched` does, and when no block has both a `residual` and a `shortcut`.
    """
    both = {n: b for n, b in blocks(net).items() if hasattr(b, "residual") and getattr(b, "shortcut", None)}
    if not both:
        raise ValueError(f"{type(net).__name__} has no block with a branch and a shortcut to compare")
    parts = {(name, part): getattr(block, part) for name, block in both.items() for part in ("residual", "shortcut")}
    ratios: dict[str, float] = {}
    with watched(net, parts, lambda x: x.double().square().sum(), sum) as squares:
        yield ratios
    ratios |= {name: (squares[name, "residual"] / squares[name, "shortcut"]).sqrt().item() for name in both}


def weight_gradients(net: nn.Module, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Gradient of the loss (mean cross-entropy, nats) of a training step for each convolution and linear weight."""
    weights = {name: layer.weight for name, layer in main_path(net, (nn.Conv2d, nn.Linear)).items()}
    with untouched(net), torch.enable_grad():
        loss = nn.functional.cross_entropy(net.train()(images), labels)
        return dict(zip(weights, torch.autograd.grad(loss, list(weights.values())), strict=True))


def coherence(net: nn.Module, images: Tensor, labels: Tensor, parts: int = 4) -> float:
    """Mean cosine between the gradients of disjoint parts of a batch (ValueError below 2): 1 agree, 0 unrelated."""
    if parts < 2:
        raise ValueError(f"coherence compares at least 2 parts, got {parts}")
    pairs = zip(images.chunk(parts), labels.chunk(parts), strict=True)
    pieces = [torch.cat([g.flatten() for g in weight_gradients(net, x, y).values()]) for x, y in pairs]
    directions = nn.functional.normalize(torch.stack(pieces), dim=1)
    cosines = directions @ directions.T
    return (cosines.sum() - cosines.trace()).item() / (parts * (parts - 1))


def gradient_autocorrelation(net: nn.Module, first: Tensor, last: Tensor, points: int = 64) -> list[float]:
    """Correlation of the input gradient along a straight line of `points` images, at lags 0 … points / 2.

    The line goes from image `first` to `last`, each (3, H, W); the gradient is that of the summed logits. Where those
    of neighbours, nearly one image, are unrelated, gradients are "shattered" (Balduzzi 2017).
    """
    share = torch.linspace(0, 1, points, device=first.device)[:, None, None, None]
    line = (first + share * (last - first)).requires_grad_()  # (points, 3, H, W)
    with untouched(net), torch.enable_grad():
        (gradient,) = torch.autograd.grad(net.train()(line).sum(), line)
    gradient = gradient.flatten(1).double()
    gradient -= gradient.mean(0)
    products = gradient @ gradient.T
    return [(products.diagonal(lag).mean() / products.diagonal().mean()).item() for lag in range(points // 2 + 1)]


@contextmanager
def lesion(net: nn.Module, names: Iterable[str]) -> Iterator[nn.Module]:
    """The network without the named blocks: each hands on what its shortcut carries, or its input (Veit 2016).

    A block without shortcut that changes the shape hands on its input as option A would: every stride-th pixel, new
    channels zero. Raises ValueError for a name that is no block.
    """
    known, names = blocks(net), list(names)
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no block {', '.join(unknown)}; blocks are {', '.join(known)}")
    with hooked(_cut(known[name]) for name in names):
        yield net


def _cut(block: nn.Module):
    if hasattr(block, "residual") and hasattr(block, "shortcut"):
        return block.residual.register_forward_hook(lambda _module, _inputs, output: torch.zeros_like(output))

    def hand_on(_module, inputs, output: Tensor) -> Tensor:
        (x,) = inputs
        if (projection := getattr(block, "downsample", None)) is not None:
            return torch.relu(projection(x))
        return ZeroPadShortcut(output.shape[1] - x.shape[1], stride=x.shape[2] // output.shape[2])(x)

    return block.register_forward_hook(hand_on)


@contextmanager
def reordered(stage: nn.Sequential, order: Sequence[int]) -> Iterator[nn.Sequential]:
    """A stage with its blocks in another order. Raises ValueError for no order, or one that mixes shapes."""
    original = list(stage)
    if sorted(order) != list(range(len(original))):
        raise ValueError(f"order must contain each of 0 … {len(original) - 1} once, got {list(order)}")
    shapes = [[p.shape for p in block.parameters()] for block in original]
    if any(shapes[place] != shapes[taken] for place, taken in enumerate(order)):
        raise ValueError("only blocks of one shape can change places; the first block of a stage often differs")
    with ExitStack() as afterwards:
        for place, taken in enumerate(order):
            afterwards.callback(stage.__setitem__, place, original[place])
            stage[place] = original[taken]
        yield stage


def graft(stage: nn.Sequential, at: int, count: int) -> nn.Sequential:
    """A copy of a stage with `count` new blocks before position `at`, each of which returns its input exactly.

    They are copies of the block before them: a residual one with F = 0, a plain one with kernels that copy and batch
    norms that do nothing in eval mode. Equal to the last bit where no input is negative, as after a ReLU. Raises
    ValueError when there is no block before `at`, and where blocks change the shape.
    """
    if not 1 <= at <= len(stage):
        raise ValueError(f"a graft needs a block before it: at must be 1 … {len(stage)}, got {at}")
    grown = copy.deepcopy(stage)
    pattern = grown[at - 1] if at > 1 or len(grown) == 1 else grown[1]
    for _ in range(count):
        grown.insert(at, _as_identity(copy.deepcopy(pattern)))
    return grown


@torch.no_grad()
def _as_identity(block: nn.Module) -> nn.Module:
    if hasattr(block, "shortcut"):  # x + 0
        if not isinstance(block.shortcut, nn.Identity):
            raise ValueError("a block whose shortcut changes its input cannot become the identity")
        last = [module for module in block.residual if list(module.parameters(recurse=False))][-1]
        for parameter in last.parameters():
            nn.init.zeros_(parameter)
        if isinstance(last, nn.BatchNorm2d):
            nn.init.zeros_(last.running_mean)
        return block
    for module in block.modules():
        if isinstance(module, nn.Conv2d):
            if module.stride != (1, 1) or module.in_channels != module.out_channels:
                raise ValueError("a plain block that changes the shape cannot become the identity")
            nn.init.dirac_(module.weight)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
            nn.init.constant_(module.running_var, 1 - module.eps)  # so that sqrt(var + eps) is 1 to the last bit
    return block


@torch.no_grad()
def fit_batch_norms(block: nn.Module, inputs: Tensor) -> None:
    """Give each batch norm of an identity block the mean and variance of `inputs` (N, C, H, W).

    In training mode batch norm would still normalise; after this it undoes what it did, and the block is the identity
    in both modes, up to rounding and the batch's noise.
    """
    variance, mean = torch.var_mean(inputs, (0, 2, 3), correction=0)
    for module in block.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.copy_(mean)
            module.running_var.copy_(variance)
            module.bias.copy_(mean)
            module.weight.copy_((variance + module.eps).sqrt())


def pooled(x: Tensor, features: int) -> Tensor:
    """(N, C, H, W) -> (N, features): averaged over areas, so that layers of any shape give equally many numbers.

    Raises ValueError when `features` is not C times a number of areas.
    """
    areas, rest = divmod(features, x.shape[1])
    rows = 2 ** (int(math.log2(max(areas, 1))) // 2)
    if rest or not areas or areas % rows or rows > x.shape[2] or areas // rows > x.shape[3]:
        raise ValueError(f"cannot average {tuple(x.shape[1:])} into {features} numbers")
    return nn.functional.adaptive_avg_pool2d(x, (rows, areas // rows)).flatten(1)


def linear_probe(features: Tensor, labels: Tensor, unseen: Tensor, answers: Tensor, ridge: float = 1e-3) -> float:
    """Error in percent, on `unseen`, of a linear classifier fitted to `features` (N, D) and `labels` (N,).

    Ridge regression to one-hot targets, solved exactly (Alain and Bengio 2016 train theirs by gradient descent);
    features are standardised, constant ones ignored; `ridge` is relative to N.
    """
    std, mean = torch.std_mean(features.double(), 0)
    keep = std > 1e-6 * std.max()

    def prepare(x: Tensor) -> Tensor:
        x = (x.double()[:, keep] - mean[keep]) / std[keep]
        return torch.cat([x, torch.ones_like(x[:, :1])], 1)

    x, targets = prepare(features), nn.functional.one_hot(labels).double()
    gram = x.T @ x + ridge * len(x) * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    weights = torch.linalg.solve(gram, x.T @ targets)
    return 100 * ((prepare(unseen) @ weights).argmax(1) != answers).double().mean().item()
