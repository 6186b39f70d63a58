"""Answers to assignment 7: what students get wrong, and right answers that look different."""

from functools import partial

from tests.exercises.mutations import solution, swap

TASKS = ("lr_at", "saved_bytes", "Checkpointed", "survival", "StochasticDepth", "estimate")
lr, saved, lean, survival, dropped, cost = (
    partial(swap, solution("07_thousand_layers", task)) for task in TASKS
)

MOMENTUM = """
        from contextlib import contextmanager

        @contextmanager
        def still():
            norms = [m for m in self.block.modules() if isinstance(m, nn.BatchNorm2d)]
            for norm in norms:
                norm.momentum = 0.0
            try:
                yield
            finally:
                for norm in norms:
                    norm.momentum = 0.1

"""
EVAL = """
        from contextlib import contextmanager

        @contextmanager
        def asleep():
            self.block.eval()
            try:
                yield
            finally:
                self.block.train()

"""
WRONG = {
    "lr_at: warm-up one step too long": (
        lr(("step < warm_up", "step <= warm_up")),
        "the warm-up is over",
    ),
    "lr_at: warm-up never ends": (
        lr(("return lr / 10", "return warm_up_lr / 10")),
        "the warm-up is over",
    ),
    "lr_at: drop one step late": (lr(("step >= drop", "step > drop")), "step 32,000 is the first"),
    "lr_at: drops once only": (
        lr(("sum(step >= drop for drop in drops)", "any(step >= drop for drop in drops)")),
        "divided by 10 twice",
    ),
    "lr_at: a ramp instead of a constant": (
        lr(("return warm_up_lr\n", "return warm_up_lr + (lr - warm_up_lr) * step / warm_up\n")),
        "step 399",
    ),
    "lr_at: drops counted from the end of the warm-up": (
        lr(("step >= drop for", "step - warm_up >= drop for")),
        "step 32,000 is the first",
    ),
    "lr_at: remembers": (
        """
_now = {"lr": None}
def lr_at(step, lr=0.1, warm_up=400, warm_up_lr=0.01, drops=(32_000, 48_000)):
    if step < warm_up:
        _now["lr"] = None
        return warm_up_lr
    now = lr / 10 ** sum(step >= drop for drop in drops)
    _now["lr"] = min(now, _now["lr"] or now)
    return _now["lr"]
""",
        "remembers the later one",
    ),
    "lr_at: fixed drops": (
        lr(("for drop in drops", "for drop in (32_000, 48_000)")),
        "arguments are not all used",
    ),
    "saved_bytes: parameters too": (
        saved(("if storage.data_ptr() not in own:", "if True:")),
        "parameters exist anyway",
    ),
    "saved_bytes: twice what is saved twice": (
        saved(
            ("kept[storage.data_ptr()] = storage.nbytes()", "kept[len(kept)] = storage.nbytes()")
        ),
        "counted twice",
    ),
    "saved_bytes: numbers, not bytes": (
        saved(("storage.nbytes()", "tensor.numel()")),
        "numbers, not bytes",
    ),
    "saved_bytes: four bytes whatever the type": (
        saved(("storage.nbytes()", "4 * tensor.numel()")),
        "float64",
    ),
    "saved_bytes: outputs of the layers": (
        """
def saved_bytes(net, x):
    sizes = []
    for layer in net:
        x = layer(x)
        sizes.append(x.numel() * x.element_size())
    return sum(sizes)
""",
        "the layers' outputs",
    ),
    "saved_bytes: without gradients": (
        saved(
            (
                "        output = net(x)",
                "        with torch.no_grad():\n            output = net(x)",
            )
        ),
        "nothing was counted",
    ),
    "saved_bytes: without the images": (
        saved(("*net.buffers())}", "*net.buffers(), x)}")),
        "the images are missing",
    ),
    "saved_bytes: returns the expected value": (
        "def saved_bytes(net, x):\n    return 144\n",
        "float64",
    ),
    "Checkpointed: statistics move twice": (
        lean(
            (
                "            context_fn=lambda: (nullcontext(), probes.preserve_state(self.block)),\n",
                "",
            )
        ),
        "batch norms counted",
    ),
    "Checkpointed: statistics never move": (
        lean(("(nullcontext(), ", "(probes.preserve_state(self.block), ")),
        "batch norms counted",
    ),
    "Checkpointed: momentum to zero, count forgotten": (
        lean(
            ("        return checkpoint(", MOMENTUM + "        return checkpoint("),
            ("probes.preserve_state(self.block)", "still()"),
        ),
        "batch norms counted",
    ),
    "Checkpointed: second run in eval mode": (
        lean(
            ("        return checkpoint(", EVAL + "        return checkpoint("),
            ("probes.preserve_state(self.block)", "asleep()"),
        ),
        "exactly what the first did",
    ),
    "Checkpointed: no checkpoint": (
        lean(("if not self.training:", "if True:")),
        "nothing is computed again",
    ),
    "Checkpointed: without autograd": (
        lean(
            (
                "        return checkpoint(",
                "        with torch.no_grad():\n            return self.block(x)\n        return checkpoint(",
            )
        ),
        "no gradient comes back",
    ),
    "Checkpointed: always in training mode": (
        lean(
            (
                "        if not self.training:\n            return self.block(x)\n",
                "        self.block.train()\n",
            )
        ),
        "in eval mode the output differs",
    ),
    "survival: reversed": (
        survival(("return [", "return [*reversed(["), ("1)]", "1)])]")),
        "later blocks must be away",
    ),
    "survival: counts from 0": (
        survival(("range(1, count + 1)", "range(count)")),
        "survive with probability `last`",
    ),
    "survival: all alike": (
        "def survival(count, last=0.5):\n    return [last] * count\n",
        "later blocks must be away",
    ),
    "survival: from 1 to last": (
        survival(("block / count", "(block - 1) / (count - 1)")),
        "counts from 0",
    ),
    "survival: falls by a factor": (
        survival(("1 - block / count * (1 - last)", "last ** (block / count)")),
        "equal steps",
    ),
    "StochasticDepth: no scaling at test time": (
        dropped(("self.survival * self.block.residual(x)", "self.block.residual(x)")),
        "as often as it was there",
    ),
    "StochasticDepth: scales the shortcut too": (
        dropped(
            (
                "self.survival * self.block.residual(x) + carried",
                "self.survival * (self.block.residual(x) + carried)",
            )
        ),
        "not in the right place",
    ),
    "StochasticDepth: scaled in training": (
        dropped(
            (
                "carried = self.block.residual(x) + carried",
                "carried = self.block.residual(x) / self.survival + carried",
            )
        ),
        "neither relu",
    ),
    "StochasticDepth: dice upside down": (
        dropped(("torch.rand(()) <", "torch.rand(()) >=")),
        "the other way round",
    ),
    "StochasticDepth: computes the branch all the same": (
        dropped(
            (
                "        if torch.rand(()) < self.survival:\n            carried = self.block.residual(x) + carried\n",
                "        alive = (torch.rand(()) < self.survival).float()\n        carried = alive * self.block.residual(x) + carried\n",
            ),
        ),
        "although it is away",
    ),
    "StochasticDepth: dice for each image": (
        dropped(
            (
                "        if torch.rand(()) < self.survival:\n            carried = self.block.residual(x) + carried\n",
                "        alive = (torch.rand(len(x), 1, 1, 1) < self.survival).float()\n        carried = alive * self.block.residual(x) + carried\n",
            ),
        ),
        "neither relu",
    ),
    "StochasticDepth: drops the shortcut": (
        dropped(
            (
                "        return torch.relu(carried)\n",
                "        else:\n            carried = 0 * carried\n        return torch.relu(carried)\n",
            )
        ),
        "neither relu",
    ),
    "StochasticDepth: random at test time": (
        dropped(("if not self.training:", "if False:")),
        "still random",
    ),
    "estimate: proportional to depth": (
        "def estimate(depths, seconds, depth, iterations):\n    return iterations * seconds[-1] * depth / depths[-1]\n",
        "not proportional",
    ),
    "estimate: one step": (cost(("iterations * (", "1.0 * (")), "all iterations"),
    "estimate: through the first and the last": (
        """
def estimate(depths, seconds, depth, iterations):
    slope = (seconds[-1] - seconds[0]) / (depths[-1] - depths[0])
    return iterations * (seconds[0] + slope * (depth - depths[0]))
""",
        "by least squares",
    ),
}
RIGHT = {
    "lr_at: a loop": """
def lr_at(step, lr=0.1, warm_up=400, warm_up_lr=0.01, drops=(32_000, 48_000)):
    rate = lr
    for drop in sorted(drops):
        if step >= drop:
            rate /= 10
    return rate if step >= warm_up else warm_up_lr
""",
    "saved_bytes: keeps the tensors": """
def saved_bytes(net, x):
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t) or t, lambda t: t):
        y = net(x)
    known = [p.untyped_storage().data_ptr() for p in net.state_dict().values()]
    sizes = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in saved}
    return sum(size for pointer, size in sizes.items() if pointer not in known)
""",
    "Checkpointed: puts the statistics back": """
class Checkpointed(nn.Module):
    def __init__(self, block):
        super().__init__()
        self.block = block

    def forward(self, x):
        from contextlib import contextmanager

        @contextmanager
        def undone():
            before = [(b, b.clone()) for b in self.block.buffers()]
            try:
                yield
            finally:
                for b, old in before:
                    b.data.copy_(old)

        if self.training:
            return checkpoint(self.block, x, use_reentrant=False, context_fn=lambda: (nullcontext(), undone()))
        return self.block(x)
""",
    "survival: linspace": """
def survival(count, last=0.5):
    return torch.linspace(1, last, count + 1, dtype=torch.float64)[1:].tolist()
""",
    "StochasticDepth: early return": """
class StochasticDepth(nn.Module):
    def __init__(self, block, survival):
        super().__init__()
        self.block = block
        self.survival = survival

    def forward(self, x):
        if self.training and torch.rand(1).item() >= self.survival:
            return self.block.shortcut(x).relu()
        weight = 1.0 if self.training else self.survival
        return (weight * self.block.residual(x) + self.block.shortcut(x)).relu()
""",
    "estimate: the standard library": """
def estimate(depths, seconds, depth, iterations):
    from statistics import linear_regression
    slope, intercept = linear_regression(depths, seconds)
    return iterations * (intercept + slope * depth)
""",
    "estimate: lstsq": """
def estimate(depths, seconds, depth, iterations):
    d = torch.tensor(depths, dtype=torch.float64)
    a = torch.stack([torch.ones_like(d), d], 1)
    b = torch.linalg.lstsq(a, torch.tensor(seconds, dtype=torch.float64)[:, None]).solution[:, 0]
    return float(iterations * (b[0] + b[1] * depth))
""",
}
