"""Answers to assignment 6: what students get wrong, and right answers that look different."""

from functools import partial

from tests.exercises.mutations import solution, swap

TASKS = ("PreActivationBlock", "preactivation_network", "unrolled", "untouched_share", "deepest")
block, network, unrolled, share, deepest = (
    partial(swap, solution("06_preactivation", task)) for task in TASKS
)

WRONG = {
    "PreActivationBlock: no skip": (
        block(("self.branch(activated) + carried", "self.branch(activated) + 0 * carried")),
        "`+ x` missing",
    ),
    "PreActivationBlock: ReLU after the sum": (
        block(
            (
                "return self.branch(activated) + carried",
                "return torch.relu(self.branch(activated) + carried)",
            )
        ),
        "a ReLU stands on the clean path",
    ),
    "PreActivationBlock: the shortcut carries the activated input": (
        block(("carried = x if", "carried = activated if")),
        "what stands on the shortcut",
    ),
    "PreActivationBlock: the projection sees the raw input": (
        block(("self.projection(activated)", "self.projection(x)")),
        "not the input itself",
    ),
    "PreActivationBlock: ReLU before batch norm": (
        block(
            (
                "nn.Sequential(nn.BatchNorm2d(in_channels), nn.ReLU())",
                "nn.Sequential(nn.ReLU(), nn.BatchNorm2d(in_channels))",
            )
        ),
        "batch norm comes first",
    ),
    "PreActivationBlock: one ReLU forgotten": (
        block(
            ("nn.Sequential(nn.BatchNorm2d(in_channels), nn.ReLU())", "nn.BatchNorm2d(in_channels)")
        ),
        "first ReLU is missing",
    ),
    "PreActivationBlock: batch norm behind the convolution": (
        block(
            (
                "self.activate = nn.Sequential(nn.BatchNorm2d(in_channels), nn.ReLU())",
                "self.activate = nn.ReLU()",
            ),
            (
                "            blocks.conv3x3(out_channels, out_channels),\n",
                "            blocks.conv3x3(out_channels, out_channels),\n            nn.BatchNorm2d(out_channels),\n",
            ),
        ),
        "expected a batch norm before each",
    ),
    "PreActivationBlock: changes its input": (
        block(
            (
                "activated = self.activate(x)",
                "activated = self.activate[0](x)\n        x.relu_()\n        activated = activated.relu()",
            )
        ),
        "works on it in place",
    ),
    "PreActivationBlock: always projects": (
        block(("if stride != 1 or in_channels != out_channels:", "if True:")),
        "nothing is to be projected",
    ),
    "PreActivationBlock: stride in the second convolution": (
        block(
            (
                "blocks.conv3x3(in_channels, out_channels, stride)",
                "blocks.conv3x3(in_channels, out_channels)",
            ),
            (
                "blocks.conv3x3(out_channels, out_channels),",
                "blocks.conv3x3(out_channels, out_channels, stride),",
            ),
        ),
        "(kernel, in channels, stride)",
    ),
    "PreActivationBlock: convolutions with bias": (
        block(
            (
                "blocks.conv3x3(out_channels, out_channels)",
                "nn.Conv2d(out_channels, out_channels, 3, padding=1)",
            )
        ),
        "without bias",
    ),
    "preactivation_network: nothing closes it": (
        network(("    stages.append(nn.Sequential(nn.BatchNorm2d(4 * width), nn.ReLU()))\n", "")),
        "what does the last sum lack",
    ),
    "preactivation_network: closed by a ReLU only": (
        network(
            ("nn.Sequential(nn.BatchNorm2d(4 * width), nn.ReLU())", "nn.Sequential(nn.ReLU())")
        ),
        "one after the last sum",
    ),
    "preactivation_network: closed by batch norm only": (
        network(
            (
                "nn.Sequential(nn.BatchNorm2d(4 * width), nn.ReLU())",
                "nn.Sequential(nn.BatchNorm2d(4 * width))",
            )
        ),
        "what does the last sum lack",
    ),
    "preactivation_network: closed after the mean": (
        network(
            ("    stages.append(nn.Sequential(nn.BatchNorm2d(4 * width), nn.ReLU()))\n", ""),
            ("nn.Linear(4 * width, 10)", "nn.Linear(4 * width, 10)"),
            (
                "return models.Network(blocks.conv3x3(3, width), stages, nn.Linear(4 * width, 10))",
                "stem = blocks.conv3x3(3, width)\n    mean = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(4 * width), nn.ReLU(), nn.Flatten())\n    return nn.Sequential(stem, stages, mean, nn.Linear(4 * width, 10))",
            ),
        ),
        "before the mean",
    ),
    "preactivation_network: batch norm and ReLU in the stem": (
        network(
            (
                "models.Network(blocks.conv3x3(3, width), ",
                "models.Network(nn.Sequential(blocks.conv3x3(3, width), nn.BatchNorm2d(width), nn.ReLU()), ",
            )
        ),
        "the stem is a bare convolution",
    ),
    "preactivation_network: stride in every block": (
        network(
            (
                "models.make_stages(variants.PreActivation, width, channels, (count,) * 3)",
                "nn.Sequential(*(variants.PreActivation(i, o, s) for i, o, s in zip((width, width, width, 2 * width, 2 * width, 4 * width), (width, width, 2 * width, 2 * width, 4 * width, 4 * width), (1, 1, 2, 2, 2, 2))))",
            )
        ),
        "which block has stride 2",
    ),
    "unrolled: every branch sees x": (unrolled(("        x = block(x)\n", "")), "every F sees x"),
    "unrolled: without the first term": (
        unrolled(("total = x\n", "total = 0\n")),
        "x itself is missing",
    ),
    "unrolled: just the stage": (
        "def unrolled(stage, x):\n    return stage(x)\n",
        "without the ReLUs",
    ),
    "unrolled: its own signal, without the ReLUs": (
        unrolled(("x = block(x)", "x = x + block.residual(x)")),
        "the stage's own signal",
    ),
    "unrolled: in place": (
        unrolled(("total = total + block.residual(x)", "total += block.residual(x)")),
        "works on it in place",
    ),
    "untouched_share: the whole gradient": (
        share(("output.detach()", "output")),
        "do branches still carry a part",
    ),
    "untouched_share: cuts the shortcuts": (
        share(
            ("block.residual.register", "block.shortcut.register"),
            ("x = x.detach().requires_grad_()", "x = x.detach().requires_grad_() * 1"),
            (
                "torch.autograd.grad(out.sum(), x)",
                "torch.autograd.grad(out.sum() + 0 * x.sum(), x)",
            ),
        ),
        "do branches still carry a part",
    ),
    "untouched_share: zeroes the branches": (
        share(("output.detach()", "torch.zeros_like(output)")),
        "the numbers must stay what they are",
    ),
    "untouched_share: not divided": (
        share((" / math.sqrt(out.numel())", "")),
        "divide by the norm at the output",
    ),
    "untouched_share: hooks stay": (
        share(
            (
                "with probes.hooked([block.residual.register_forward_hook(cut) for block in stage]):",
                "hooks = [block.residual.register_forward_hook(cut) for block in stage]\n    if hooks:",
            )
        ),
        "hooks are still attached",
    ),
    "untouched_share: returns the expected value": (
        "def untouched_share(stage, x):\n    return 1.0\n",
        "original blocks",
    ),
    "deepest: layers instead of blocks": (
        deepest(("factor ** (3 * (n + 1))", "factor ** (6 * (n + 1) + 2)")),
        "for 0.1 you return 0",
    ),
    "deepest: one stage's blocks": (
        deepest(("factor ** (3 * (n + 1))", "factor ** (n + 1)")),
        "8 layers have 3 blocks",
    ),
    "deepest: more than enough": (deepest((">= least", "> least")), "exactly enough"),
    "deepest: blocks instead of layers": (
        deepest(("6 * n + 2 if", "3 * n if")),
        "for 0.1 you return",
    ),
    "deepest: never ends at 1": (
        deepest(("return math.inf", "return 0")),
        "a factor of 1 loses nothing",
    ),
}
RIGHT = {
    "PreActivationBlock: layer by layer": """
class PreActivationBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1, bias=False)
        self.conv1 = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, stride=stride, bias=False)
        self.same = stride == 1 and in_channels == out_channels
        if not self.same:
            self.proj = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)

    def forward(self, x):
        out = torch.clamp(self.bn1(x), min=0)
        shortcut = x if self.same else self.proj(out)
        out = self.conv1(out)
        out = self.conv2(nn.functional.relu(self.bn2(out)))
        return torch.add(shortcut, out)
""",
    "PreActivationBlock: in-place ReLU where it harms nobody": block(
        ("nn.ReLU())", "nn.ReLU(inplace=True))")
    ),
    "preactivation_network: a Sequential": """
def preactivation_network(count, width):
    layers, now = [nn.Conv2d(3, width, 3, padding=1, bias=False)], width
    for stage in range(3):
        for i in range(count):
            out = width * 2**stage
            layers.append(variants.PreActivation(now, out, 2 if stage and not i else 1))
            now = out
    layers += [nn.BatchNorm2d(now), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(now, 10)]
    return nn.Sequential(*layers)
""",
    "unrolled: collected first": """
def unrolled(stage, x):
    signals = [x]
    for block in stage:
        signals.append(block(signals[-1]))
    return sum((block.residual(s) for block, s in zip(stage, signals)), start=x)
""",
    "untouched_share: walks by hand": """
def untouched_share(stage, x):
    original = [block.residual for block in stage]
    leaf = x.clone().detach().requires_grad_(True)

    class Cut(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, x):
            with torch.no_grad():
                return self.inner(x)

    try:
        for block in stage:
            block.residual = Cut(block.residual)
        out = stage(leaf)
    finally:
        for block, branch in zip(stage, original):
            block.residual = branch
    out.backward(torch.ones_like(out), inputs=[leaf])
    return float(torch.linalg.vector_norm(leaf.grad) / torch.ones_like(out).norm())
""",
    "deepest: by a search over depths": """
def deepest(factor, least):
    if factor >= 1:
        return float("inf")
    best = 0
    for depth in range(8, 100_000, 6):
        share = 1.0
        if factor ** ((depth - 2) // 2) < least:
            break
        best = depth
    return best
""",
}
