"""The training step and how to repeat it fast: everything on the device, one CUDA graph a step where there is one.

The eager step is the reference; the graph is that same step, captured. Nothing inside an epoch waits for the host:
the plan of the epoch, its learning rates and the sums of loss and error live on the device.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial

import torch
from torch import Tensor, distributed, nn
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def half_twin(net: nn.Module, dtype: torch.dtype) -> nn.Module:
    """A copy of `net` whose convolutions and linear layers hold `dtype` weights; batch norm is shared, in float32.

    Autocast would cast each weight in a kernel of its own at every step; with a twin all casts are one kernel.
    """
    shared = {id(m): m for m in net.modules() if isinstance(m, nn.BatchNorm2d)}
    twin = copy.deepcopy(net, memo=shared)
    for own, half in zip(net.parameters(), twin.parameters(), strict=True):
        if half is not own:
            half.data = half.data.to(dtype)
    return twin


class Engine:
    """One network in training: its data plan, its optimizer, its step.

    `labels`: int64 (N,), on the device of `net`. `crops(order, down, right, flip)` returns the float32 images
    (batch, 3, H, W) of one step. `steps` and `batch_size` give the shape of an epoch's plan. precision "bf16" or
    "fp16" computes in 16 bits with float32 master weights; in fp16 the loss is scaled, and a step whose gradients
    overflow is left out. `checkpoint_blocks`: forget the activations within so many blocks and compute
    them again on the way back (checkpoint_segments); 0 keeps them all. `processes` of torch.distributed each take
    their share of every batch, `batch_size` images, and step by the mean of their gradients.
    """

    def __init__(
        self,
        net: nn.Module,
        labels: Tensor,
        crops: Callable[..., Tensor],
        steps: int,
        batch_size: int,
        momentum: float,
        weight_decay: float,
        precision: str = "fp32",
        checkpoint_blocks: int = 0,
        processes: int = 1,
    ):
        device = labels.device
        self.net, self.processes = net, processes
        self.twin = net if precision == "fp32" else half_twin(net, DTYPES[precision])
        self.dtype = DTYPES[precision]
        self.scaler = torch.amp.GradScaler(device.type, init_scale=2.0**12, enabled=precision == "fp16")
        if checkpoint_blocks:
            checkpoint_segments(self.twin, checkpoint_blocks)
        pairs = [(p, q) for p, q in zip(net.parameters(), self.twin.parameters(), strict=True) if p is not q]
        self.masters, self.halves = [p for p, _ in pairs], [q for _, q in pairs]
        self.labels, self.crops = labels, crops
        self.lr = torch.zeros((), device=device)
        self.optimizer = torch.optim.SGD(net.parameters(), self.lr, momentum, weight_decay=weight_decay, fused=True)
        for parameter in net.parameters():  # zeros are what the first step would have made
            self.optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        self.plan = torch.zeros(4, steps, batch_size, dtype=torch.int64, device=device)
        self.lrs = torch.zeros(steps, device=device)
        self.cursor = torch.zeros(1, dtype=torch.int64, device=device)
        self.sums = torch.zeros(2, device=device)  # of loss and of wrong answers, over the epoch so far
        self.stream = None
        self.repeat = self.step

    def start_epoch(self, plan: Sequence[Tensor], lrs: Sequence[float]) -> None:
        """Lay out the coming epoch: a data.augment.Plan of (steps, batch) tensors, one learning rate a step."""
        self.plan.copy_(torch.stack(tuple(plan)))
        self.lrs.copy_(torch.tensor(lrs))
        self.cursor.zero_()
        self.sums.zero_()
        for parameter in self.masters:
            if parameter.grad is None:  # Lightning clears gradients between configure_optimizers and the first epoch
                parameter.grad = torch.zeros_like(parameter)
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr  # a restored checkpoint brings a tensor of its own
        if self.stream is not None:
            self.stream.wait_stream(torch.cuda.current_stream())  # the captured steps read what was just laid out

    def step(self) -> None:
        """One step of SGD at the cursor: forward, backward, update; the cursor moves on."""
        order, down, right, flip = self.plan.index_select(1, self.cursor).squeeze(1)
        self.lr.copy_(self.lrs.index_select(0, self.cursor).squeeze(0))
        images = self.crops(order, down, right, flip)
        labels = self.labels.index_select(0, order)
        self.twin.zero_grad(set_to_none=True)
        if self.twin is self.net:
            logits = self.net(images)
        else:
            torch._foreach_copy_([q.data for q in self.halves], [p.data for p in self.masters])
            logits = self.twin(images.to(self.dtype)).float()
        loss = cross_entropy(logits, labels)
        self.scaler.scale(loss).backward()
        if self.masters:
            torch._foreach_copy_([p.grad for p in self.masters], [q.grad for q in self.halves])
        if self.processes > 1:
            average([p.grad for p in self.net.parameters() if p.grad is not None])
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.sums += torch.stack((loss.detach(), (logits.detach().argmax(1) != labels).float().mean()))
        self.cursor += 1

    def advance(self, steps: int) -> None:
        """Take `steps` steps, on the engine's own stream once captured."""
        if self.stream is None:
            for _ in range(steps):
                self.repeat()
        else:
            with torch.cuda.stream(self.stream):
                for _ in range(steps):
                    self.repeat()

    def means(self) -> tuple[float, float]:
        """Mean loss (nats) and training error (percent) of the epoch so far; waits for the device."""
        if self.stream is not None:
            self.stream.synchronize()
        if self.processes > 1:
            average([self.sums])
        loss, wrong = (self.sums / self.cursor).tolist()
        return loss, 100 * wrong

    def capture(self) -> None:
        """Capture the step as a CUDA graph on a stream of its own; weights, statistics and momentum are unchanged.

        Call it after start_epoch and after any checkpoint is restored: the graph remembers addresses.
        """
        self.stream = torch.cuda.Stream()
        counters = {m: m.num_batches_tracked for m in self.net.modules() if isinstance(m, nn.BatchNorm2d)}
        state = self._state()
        saved = [tensor.clone() for tensor in state]
        for batch_norm in counters:
            batch_norm.num_batches_tracked = None  # one kernel less for each; nothing reads the count
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            for _ in range(3):  # warm-up: allocations, library handles, choice of algorithms
                self.step()
        self.stream.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"):
            self.step()
        for batch_norm, counter in counters.items():
            batch_norm.num_batches_tracked = counter
        torch._foreach_copy_(state, saved)
        torch.cuda.synchronize()
        self.repeat = graph.replay

    def _state(self) -> list[Tensor]:
        momentum = [self.optimizer.state[p]["momentum_buffer"] for p in self.net.parameters()]
        statistics = [b for b in self.net.buffers() if b.is_floating_point()]
        return [*(p.data for p in self.net.parameters()), *statistics, *momentum, self.cursor, self.sums, self.lr]


def average(tensors: Sequence[Tensor]) -> None:
    """Replace tensors by their means over the processes of torch.distributed, all in one message."""
    flat = torch.cat([t.flatten() for t in tensors])
    distributed.all_reduce(flat)
    parts = (flat / distributed.get_world_size()).split([t.numel() for t in tensors])
    torch._foreach_copy_(tensors, [part.view_as(t) for part, t in zip(parts, tensors, strict=True)])


def compile_blocks(net: nn.Module) -> None:
    """Compile each block of `net.stages` in place; blocks of one shape share one compilation.

    A whole thousand-layer network takes minutes to compile, a block a second.
    """
    torch._dynamo.config.recompile_limit = 64  # stages x strides x kinds of block exceed the default of 8
    for stage in net.stages:
        for block in stage:
            block.compile(dynamic=False)


def checkpoint_segments(net: nn.Module, blocks: int) -> None:
    """Keep, for the way back, only what enters each segment of `blocks` blocks of `net.stages`, in place (Chen 2016).

    Activations within a segment are computed again in the backward pass, with the same dropout and without moving
    batch-norm statistics a second time: weights and buffers become those of a step that keeps everything. Raises
    ValueError for less than one block.
    """
    if blocks < 1:
        raise ValueError(f"a segment has at least one block, got {blocks}")
    for stage in net.stages:
        stage.forward = partial(_in_segments, stage, blocks)


def _in_segments(stage: nn.Sequential, blocks: int, x: Tensor) -> Tensor:
    for start in range(0, len(stage), blocks):
        segment = stage[start : start + blocks]
        again = partial(_statistics_held, segment)
        if torch.is_grad_enabled():
            x = checkpoint(segment, x, use_reentrant=False, context_fn=lambda again=again: (nullcontext(), again()))
        else:
            x = segment(x)
    return x


@contextmanager
def _statistics_held(net: nn.Module) -> Iterator[None]:
    """Batch norms use the batch's statistics as ever, but do not count them into their own."""
    held = [(m, m.momentum, m.num_batches_tracked) for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    try:
        for batch_norm, _, _ in held:
            batch_norm.momentum, batch_norm.num_batches_tracked = 0.0, None
        yield
    finally:
        for batch_norm, momentum, counter in held:
            batch_norm.momentum, batch_norm.num_batches_tracked = momentum, counter


@contextmanager
def kept_for_backward() -> Iterator[Callable[[], int]]:
    """Counts the bytes that forward passes inside the `with` keep for the backward pass, parameters apart.

    >>> with kept_for_backward() as count:
    ...     loss = net(images).sum()
    >>> count()

    Each storage counts once. Of a checkpointed segment only its input counts; while it is computed again, the
    activations of one segment come on top.
    """
    kept: list[Tensor] = []

    def count() -> int:
        ours = (t for t in kept if not isinstance(t if t._base is None else t._base, nn.Parameter))
        return sum({s.data_ptr(): s.nbytes() for s in (t.untyped_storage() for t in ours)}.values())

    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        yield count


@torch.no_grad()
def evaluate(net: nn.Module, images: Tensor, labels: Tensor, normalise: Callable, batch_size: int = 1000):
    """Mean loss (nats) and error (percent) of `net` in eval mode over all of uint8 (N, H, W, 3) `images`."""
    was_training = net.training
    loss = torch.zeros((), device=labels.device)
    wrong = torch.zeros((), device=labels.device)
    net.eval()
    try:
        for start in range(0, len(images), batch_size):
            batch = slice(start, start + batch_size)
            logits = net(normalise(images[batch]))
            loss += cross_entropy(logits, labels[batch], reduction="sum")
            wrong += (logits.argmax(1) != labels[batch]).sum()
    finally:
        net.train(was_training)
    return loss.item() / len(images), 100 * wrong.item() / len(images)
