"""The training step and how to repeat it fast: everything on the device, one CUDA graph per step.

The eager step is the reference; the graph is that same step, captured. Nothing inside an epoch
waits for the host: the plan of the epoch, its learning rates and the sums of loss and error live on
the device.
"""

import copy
import gc
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn
from torch.nn.functional import cross_entropy

from ..networks.network import Network
from .clipping import clip_gradients
from .memory import checkpoint_segments

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
FIRST_SCALE = 2.0**12  # of the loss in fp16: 65,504 is the largest number there
WARMUP_STEPS = 3  # before a capture: allocations, library handles, choice of algorithms


def half_precision_copy(net: Network, dtype: torch.dtype) -> Network:
    """A copy of `net` whose convolutions and linear layers hold `dtype` weights.

    Batch norm is shared, in float32. Autocast would cast each weight in a kernel of its own at
    every step; with a copy all casts are one kernel.
    """
    shared = {id(m): m for m in net.modules() if isinstance(m, nn.BatchNorm2d)}
    half_net = copy.deepcopy(net, memo=shared)
    for own, half in zip(net.parameters(), half_net.parameters(), strict=True):
        if half is not own:
            half.data = half.data.to(dtype)
    return half_net


@dataclass(frozen=True)
class Optimisation:
    """What an engine needs to know of recipe and runtime.

    Args:
        steps: Of an epoch.
        batch_size: Images of a step, of this process's share.
        momentum: Of SGD.
        weight_decay: Of SGD.
        precision: "fp32", or "bf16" or "fp16" with float32 master weights. In fp16 the loss is
            scaled, and a step whose gradients overflow is left out.
        checkpoint_blocks: See memory.checkpoint_segments; 0 keeps all activations.
        processes: Of torch.distributed, which step by the mean of their gradients.
        clip: See clipping.clip_gradients; None leaves gradients as they are.
    """

    steps: int
    batch_size: int
    momentum: float = 0.9
    weight_decay: float = 1e-4
    precision: str = "fp32"
    checkpoint_blocks: int = 0
    processes: int = 1
    clip: float | None = None


class Engine:
    """One network in training: its data plan, its optimizer, its step.

    Args:
        net: The network, in float32; its weights are the ones that are kept.
        labels: int64 (N,), on the device of `net`.
        crops: From (order, down, right, flip), int64 (batch,), to the float32 images (batch, 3, H,
            W) of one step.
        optimisation: Lengths, SGD, precision.
    """

    def __init__(
        self,
        net: Network,
        labels: Tensor,
        crops: Callable[..., Tensor],
        optimisation: Optimisation,
    ):
        device = labels.device
        self.net, self.labels, self.crops = net, labels, crops
        self.processes = optimisation.processes
        self.clip = optimisation.clip
        self.dtype = DTYPES[optimisation.precision]
        is_half = self.dtype is not torch.float32
        self.computing_net = half_precision_copy(net, self.dtype) if is_half else net
        scaled = optimisation.precision == "fp16"
        self.scaler = torch.amp.GradScaler(device.type, init_scale=FIRST_SCALE, enabled=scaled)
        if optimisation.checkpoint_blocks:
            checkpoint_segments(self.computing_net, optimisation.checkpoint_blocks)
        self.masters: list[nn.Parameter] = []
        self.halves: list[nn.Parameter] = []
        for own, half in zip(net.parameters(), self.computing_net.parameters(), strict=True):
            if own is not half:
                self.masters.append(own)
                self.halves.append(half)
        self.lr = torch.zeros((), device=device)
        self.optimizer = self._sgd(optimisation)
        shape = (4, optimisation.steps, optimisation.batch_size)
        self.plan = torch.zeros(shape, dtype=torch.int64, device=device)
        self.lrs = torch.zeros(optimisation.steps, device=device)
        self.cursor = torch.zeros(1, dtype=torch.int64, device=device)
        self.sums = torch.zeros(2, device=device)  # of loss and of wrong answers, this epoch
        self.stream: torch.cuda.Stream | None = None
        self.graph: torch.cuda.CUDAGraph | None = None

    def _sgd(self, optimisation: Optimisation) -> torch.optim.SGD:
        optimizer = torch.optim.SGD(
            self.net.parameters(),
            self.lr,
            optimisation.momentum,
            weight_decay=optimisation.weight_decay,
            fused=True,
        )
        for parameter in self.net.parameters():  # zeros are what the first step would have made
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        return optimizer

    def start_epoch(self, plan: Sequence[Tensor], lrs: Sequence[float]) -> None:
        """Lay out the coming epoch.

        Args:
            plan: A data.augment.Plan of (steps, batch) tensors.
            lrs: One learning rate per step.
        """
        self.plan.copy_(torch.stack(tuple(plan)))
        self.lrs.copy_(torch.tensor(lrs))
        self.cursor.zero_()
        self.sums.zero_()
        for parameter in self.masters:
            if parameter.grad is None:  # Lightning clears gradients before the first epoch
                parameter.grad = torch.zeros_like(parameter)
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr  # a restored checkpoint brings a tensor of its own
        if self.stream is not None:  # the captured steps read what was just laid out
            self.stream.wait_stream(torch.cuda.current_stream())

    def step(self) -> None:
        """One step of SGD at the cursor: forward, backward, update; the cursor moves on."""
        order, down, right, flip = self.plan.index_select(1, self.cursor).squeeze(1)
        self.lr.copy_(self.lrs.index_select(0, self.cursor).squeeze(0))
        images = self.crops(order, down, right, flip)
        labels = self.labels.index_select(0, order)
        self.computing_net.zero_grad(set_to_none=True)
        if self.masters:
            weights = [parameter.data for parameter in self.masters]
            torch._foreach_copy_([parameter.data for parameter in self.halves], weights)
            logits = self.computing_net(images.to(self.dtype)).float()
        else:
            logits = self.net(images)
        loss = cross_entropy(logits, labels)
        self.scaler.scale(loss).backward()
        self._gather_gradients()
        if self.clip is not None:
            self.scaler.unscale_(self.optimizer)
            clip_gradients(self.net, self.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        wrong = (logits.detach().argmax(1) != labels).float().mean()
        self.sums += torch.stack((loss.detach(), wrong))
        self.cursor += 1

    def _gather_gradients(self) -> None:
        """The copy's gradients become the master weights', those of all processes their mean."""
        if self.masters:
            torch._foreach_copy_(_gradients(self.masters), _gradients(self.halves))
        if self.processes > 1:
            average(_gradients(self.net.parameters()))

    def advance(self, steps: int) -> None:
        """Take `steps` steps, on the engine's own stream once captured."""
        if self.graph is None or self.stream is None:
            for _ in range(steps):
                self.step()
            return
        with torch.cuda.stream(self.stream):
            for _ in range(steps):
                self.graph.replay()

    def means(self) -> tuple[float, float]:
        """Mean loss (nats) and error (percent) of the epoch so far; waits for the device."""
        if self.stream is not None:
            self.stream.synchronize()
        if self.processes > 1:
            average([self.sums])
        loss, wrong = (self.sums / self.cursor).tolist()
        return loss, 100 * wrong

    def capture(self) -> None:
        """Capture the step as a CUDA graph on a stream of its own.

        Call it after start_epoch and after any checkpoint is restored: the graph remembers
        addresses. Weights, statistics, momentum, the scale of the loss and the cursor are as
        before, also where the capture fails; it then raises what PyTorch raised, and the engine
        goes on step by step. The random state of the device moves: seed it afterwards.
        """
        stream = torch.cuda.Stream()
        graph = torch.cuda.CUDAGraph()
        with self._unchanged(), _no_counters(self.net), _no_collection(), _best_algorithms():
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(WARMUP_STEPS):
                    self.step()
            stream.synchronize()
            with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                self.step()
        torch.cuda.synchronize()
        self.stream, self.graph = stream, graph

    def release(self) -> None:
        """Free the graph, whose memory pool would otherwise live on until it is collected."""
        self.graph = None
        self.stream = None

    @contextmanager
    def _unchanged(self) -> Generator[None]:
        """Put back whatever a step changes when the `with` ends, however it ends."""
        state = self._state()
        saved = [tensor.clone() for tensor in state]
        scaler = self.scaler.state_dict()
        try:
            yield
        finally:
            torch._foreach_copy_(state, saved)
            if scaler:
                self.scaler.load_state_dict(scaler)

    def _state(self) -> list[Tensor]:
        parameters = list(self.net.parameters())
        statistics = [b for b in self.net.buffers() if b.is_floating_point()]
        momentum = [self.optimizer.state[p]["momentum_buffer"] for p in parameters]
        weights = [parameter.data for parameter in parameters]
        return [*weights, *statistics, *momentum, self.cursor, self.sums, self.lr]


@contextmanager
def _no_counters(net: nn.Module) -> Generator[None]:
    """Batch norms without their count of batches: a kernel less for each, and none reads it."""
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    counters = [norm.num_batches_tracked for norm in norms]
    try:
        for norm in norms:
            norm.num_batches_tracked = None
        yield
    finally:
        for norm, counter in zip(norms, counters, strict=True):
            norm.num_batches_tracked = counter


@contextmanager
def _no_collection() -> Generator[None]:
    """Old graphs are collected before a capture and none during it, where one would break it."""
    gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _best_algorithms() -> Generator[None]:
    """cuDNN chooses by trial while a step is warmed up and captured, at no other time."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


def _gradients(parameters: Iterable[nn.Parameter]) -> list[Tensor]:
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def average(tensors: list[Tensor]) -> None:
    """Replace tensors by their means over the processes of torch.distributed, in one message."""
    flat = torch.cat([tensor.flatten() for tensor in tensors])
    distributed.all_reduce(flat)
    parts = (flat / distributed.get_world_size()).split([tensor.numel() for tensor in tensors])
    means = [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)]
    torch._foreach_copy_(tensors, means)


def compile_blocks(net: Network) -> None:
    """Compile each block of `net.stages` in place; blocks of one shape share one compilation.

    A whole thousand-layer network takes minutes to compile, a block a second.
    """
    torch._dynamo.config.recompile_limit = 64  # stages x strides x kinds exceed the default of 8
    for stage in net.stages:
        for block in stage.children():
            block.compile(dynamic=False)


@torch.no_grad()
def evaluate(
    net: nn.Module,
    images: Tensor,
    labels: Tensor,
    normalise: Callable[[Tensor], Tensor],
    batch_size: int = 1000,
) -> tuple[float, float]:
    """Mean loss (nats) and error (percent) of `net` in eval mode; its mode is put back.

    Args:
        net: The network.
        images: uint8 (N, H, W, 3), or whatever `normalise` makes float32 (N, 3, H, W) of.
        labels: int64 (N,).
        normalise: From a batch of images to the network's input.
        batch_size: Images at once.
    """
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
