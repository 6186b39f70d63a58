"""Answers to assignment 2: what students get wrong, and right answers that look different."""

BLOCK = """class ResidualBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, x):
        return torch.relu(self.residual(x) + self.shortcut(x))
"""
SUM = "torch.relu(self.residual(x) + self.shortcut(x))"
ZERO = """def passes_zero_test(block, x):
    trial = copy.deepcopy(block).eval()
    last = trial.residual[-1]
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    with torch.no_grad():
        return torch.equal(trial(x), torch.relu(trial.shortcut(x)))
"""
GRADIENT = """def input_gradient(net, x):
    x = x.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x).sum(), x)
    return gradient.norm().item()
"""
OWN = """def input_gradient(net, x):
    own = copy.deepcopy(net)
    x = x.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(own(x).sum(), x)
    return gradient.norm().item()
"""
STAGE = """def make_stage(in_channels, out_channels, count, stride):
    first = blocks.ResidualBlock(in_channels, out_channels, stride)
    rest = [blocks.ResidualBlock(out_channels, out_channels) for _ in range(count - 1)]
    return nn.Sequential(first, *rest)
"""
NET = """def resnet(depth):
    n = models.blocks_per_stage(depth)
    stem = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
    stages, channels = [], 16
    for width in (16, 32, 64):
        stages.append(blocks.ResidualBlock(channels, width, 1 if width == 16 else 2))
        stages += [blocks.ResidualBlock(width, width) for _ in range(n - 1)]
        channels = width
    return nn.Sequential(stem, *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
"""


def but(source: str, old: str, new: str) -> str:
    """The source with one thing changed."""
    assert source.count(old) == 1, (old, source)
    return source.replace(old, new)


WRONG = {
    "add_and_activate: no addition": (
        "def add_and_activate(f, x):\n    return torch.relu(f)",
        "is the addition missing",
    ),
    "add_and_activate: ReLU before the addition": (
        "def add_and_activate(f, x):\n    return torch.relu(f) + x",
        "ReLU comes before the addition",
    ),
    "add_and_activate: in place": (
        "def add_and_activate(f, x):\n    f += x\n    return torch.relu(f)",
        "in place",
    ),
    "add_and_activate: no ReLU": (
        "def add_and_activate(f, x):\n    return f + x",
        "what follows the addition",
    ),
    "ResidualBlock: no skip": (
        but(BLOCK, SUM, "torch.relu(self.residual(x))"),
        "is the addition missing",
    ),
    "ResidualBlock: ReLU before the addition": (
        but(BLOCK, SUM, "torch.relu(self.residual(x)) + self.shortcut(x)"),
        "ReLU comes before the addition",
    ),
    "ResidualBlock: the shortcut added only where it is the identity": (
        but(BLOCK, SUM, "torch.relu(self.residual(x) + (x if isinstance(self.shortcut, nn.Identity) else 0))"),
        "is the addition missing",
    ),
    "ResidualBlock: stride in the second convolution": (
        but(BLOCK, "3, stride, padding", "3, padding").replace(
            "out_channels, out_channels, 3", "out_channels, out_channels, 3, stride"
        ),
        "the stride sits in the second convolution",
    ),
    "ResidualBlock: no ReLU in the branch": (
        but(BLOCK, "            nn.ReLU(),\n", ""),
        "nothing bends the signal",
    ),
    "ResidualBlock: branch ends with ReLU": (
        but(BLOCK, SUM, "torch.relu(torch.relu(self.residual(x)) + self.shortcut(x))"),
        "a ReLU acts on F before the addition",
    ),
    "ResidualBlock: ReLU inside the branch's end": (
        but(
            BLOCK,
            "            nn.BatchNorm2d(out_channels),\n        )\n        self.shortcut",
            "            nn.BatchNorm2d(out_channels),\n            nn.ReLU(),\n        )\n        self.shortcut",
        ),
        "F itself ends with a ReLU",
    ),
    "ResidualBlock: batch norm omitted": (
        but(BLOCK, "            nn.BatchNorm2d(out_channels),\n            nn.ReLU(),", "            nn.ReLU(),"),
        "too few batch norms",
    ),
    "ResidualBlock: projection without batch norm": (
        but(BLOCK, ", bias=False), nn.BatchNorm2d(out_channels)\n", ", bias=False)\n"),
        "too few batch norms",
    ),
    "ResidualBlock: wrong padding": (
        BLOCK.replace("padding=1, ", ""),
        "shape should be",
    ),
    "ResidualBlock: runs its branch twice": (
        but(BLOCK, "        return", "        self.residual(x)\n        return"),
        "see each batch more than once",
    ),
    "ResidualBlock: adds in place": (
        but(
            BLOCK,
            "        return " + SUM,
            "        f, carried = self.residual(x), self.shortcut(x)\n"
            "        carried.data += f.data\n        return torch.relu(carried)",
        ),
        "no gradient flows through the branch",
    ),
    "ResidualBlock: a shortcut without gradient": (
        but(BLOCK, "self.shortcut(x))", "self.shortcut(x).detach())"),
        "no gradient flows through the shortcut",
    ),
    "ResidualBlock: no layers at all": (
        "class ResidualBlock(nn.Module):\n"
        "    def __init__(self, in_channels, out_channels, stride=1):\n"
        "        super().__init__()\n\n"
        "    def forward(self, x):\n"
        "        return torch.relu(x)",
        "needs a module named `residual`",
    ),
    "passes_zero_test: always yes": (
        "def passes_zero_test(block, x):\n    return True",
        "passes your test",
    ),
    "passes_zero_test: by shape": (
        "def passes_zero_test(block, x):\n    copied = copy.deepcopy(block)\n"
        "    return copied(x).shape == copied.shortcut(x).shape",
        "passes your test",
    ),
    "passes_zero_test: forgets the shift": (
        but(ZERO, "    nn.init.zeros_(last.bias)\n", ""),
        "a right block from 4 to 4",
    ),
    "passes_zero_test: compares with x": (
        but(ZERO, "torch.relu(trial.shortcut(x))", "x"),
        "a right block from 4 to 6",
    ),
    "passes_zero_test: spoils the block": (
        but(ZERO, "copy.deepcopy(block).eval()", "block.eval()"),
        "left in eval mode",
    ),
    "passes_zero_test: looks for the attribute": (
        "def passes_zero_test(block, x):\n    return hasattr(block, 'shortcut')",
        "passes your test",
    ),
    "input_gradient: leaves gradients on the net": (
        "def input_gradient(net, x):\n    x = x.clone().requires_grad_()\n    net(x).sum().backward()\n"
        "    return x.grad.norm().item()",
        "gradients are left",
    ),
    "input_gradient: changes the caller's tensor": (
        but(OWN, "x.detach().clone().requires_grad_()", "x.requires_grad_()"),
        "work on a copy",
    ),
    "input_gradient: of the mean": (
        but(OWN, "own(x).sum()", "own(x).mean()"),
        "gradient of the mean",
    ),
    "input_gradient: squared": (
        but(OWN, "gradient.norm()", "gradient.square().sum()"),
        "square of the norm",
    ),
    "make_stage: one block n times": (
        "def make_stage(in_channels, out_channels, count, stride):\n"
        "    same = blocks.ResidualBlock(out_channels, out_channels)\n"
        "    return nn.Sequential(blocks.ResidualBlock(in_channels, out_channels, stride), *[same] * (count - 1))",
        "learn as one",
    ),
    "make_stage: stride in every block": (
        but(STAGE, "(out_channels, out_channels)", "(out_channels, out_channels, stride)"),
        "behind its blocks the sides are",
    ),
    "make_stage: one block too many": (
        but(STAGE, "count - 1", "count"),
        "should have 3 blocks",
    ),
    "make_stage: stride in the last block": (
        "def make_stage(in_channels, out_channels, count, stride):\n"
        "    widths = [in_channels] + [out_channels] * count\n    make = blocks.ResidualBlock\n"
        "    return nn.Sequential(*(make(a, b, stride if k == count - 1 else 1)"
        " for k, (a, b) in enumerate(zip(widths, widths[1:]))))",
        "behind its blocks the sides are",
    ),
    "resnet: ImageNet stem": (
        but(
            NET,
            "nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()",
            "nn.Conv2d(3, 16, 7, 2, padding=3, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(3, 2, 1)",
        ),
        "layers of another size",
    ),
    "resnet: no ReLU in the stem": (
        but(NET, "nn.BatchNorm2d(16), nn.ReLU())", "nn.BatchNorm2d(16))"),
        "no ReLU follows the stem",
    ),
    "resnet: probabilities": (
        but(NET, "nn.Linear(64, 10))", "nn.Linear(64, 10), nn.Softmax(1))"),
        "logits are asked for",
    ),
    "resnet: max pool": (
        but(NET, "nn.AdaptiveAvgPool2d(1)", "nn.AdaptiveMaxPool2d(1)"),
        "the mean is asked for",
    ),
    "resnet: the first stage halves, too": (
        but(NET, "1 if width == 16 else 2", "2"),
        "the first stage halves the map",
    ),
    "resnet: option B": (
        but(NET, "1 if width == 16 else 2)", "1 if width == 16 else 2, 'B')"),
        "too many convolutions",
    ),
    "resnet: always 20 layers": (
        but(NET, "models.blocks_per_stage(depth)", "3"),
        "too many convolutions",
    ),
    "resnet: plain": (
        NET.replace("blocks.ResidualBlock", "blocks.PlainBlock"),
        "plain blocks instead of residual ones",
    ),
    "add_and_activate: leaky": (
        "def add_and_activate(f, x):\n    return nn.functional.leaky_relu(f + x)",
        "another function than ReLU",
    ),
    "add_and_activate: GELU": ("def add_and_activate(f, x):\n    return nn.functional.gelu(f + x)", "(GELU)"),
    "add_and_activate: ReLU6": ("def add_and_activate(f, x):\n    return (f + x).clamp(0, 6)", "clamp or saturate"),
    "add_and_activate: the mean of both": ("def add_and_activate(f, x):\n    return torch.relu((f + x) / 2)", "the mean of the two"),
    "add_and_activate: concatenated": (
        "def add_and_activate(f, x):\n    return torch.relu(torch.cat([f, x], 1))",
        "the shape should be",
    ),
    "add_and_activate: through NumPy": (
        "def add_and_activate(f, x):\n    import numpy\n"
        "    return torch.from_numpy(numpy.maximum(f.detach().numpy() + x.detach().numpy(), 0))",
        "cut off from autograd",
    ),
    "add_and_activate: the ReLU written in place on an input": (
        "def add_and_activate(f, x):\n    return torch.relu_(torch.add(f, x, out=f))",
        "`f` is not what it was",
    ),
    "ResidualBlock: one batch norm for both layers": (
        "class ResidualBlock(nn.Module):\n"
        "    def __init__(self, in_channels, out_channels, stride=1):\n"
        "        super().__init__()\n        norm = nn.BatchNorm2d(out_channels)\n"
        "        self.residual = nn.Sequential(\n"
        "            nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False), norm, nn.ReLU(),\n"
        "            nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False), norm)\n"
        "        self.shortcut = nn.Identity()\n"
        "        if stride != 1 or in_channels != out_channels:\n"
        "            self.shortcut = nn.Sequential(\n"
        "                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels))\n\n"
        "    def forward(self, x):\n        return " + SUM,
        "share their parameters",
    ),
    "ResidualBlock: another eps": (
        but(BLOCK, "nn.BatchNorm2d(out_channels),\n            nn.ReLU()", "nn.BatchNorm2d(out_channels, eps=1e-3),\n            nn.ReLU()"),
        "another `eps`",
    ),
    "ResidualBlock: another momentum": (
        but(BLOCK, "nn.BatchNorm2d(out_channels),\n            nn.ReLU()", "nn.BatchNorm2d(out_channels, momentum=0.5),\n            nn.ReLU()"),
        "in eval mode after training",
    ),
    "ResidualBlock: batch norms without statistics": (
        BLOCK.replace("nn.BatchNorm2d(out_channels)", "nn.BatchNorm2d(out_channels, track_running_stats=False)"),
        "in eval mode batch norms",
    ),
    "ResidualBlock: instance norms": (
        BLOCK.replace("nn.BatchNorm2d(out_channels)", "nn.InstanceNorm2d(out_channels, affine=True)"),
        "each image is normalised by itself",
    ),
    "ResidualBlock: padded by reflection": (
        BLOCK.replace("padding=1,", "padding=1, padding_mode='reflect',"),
        "do not pad with zeros",
    ),
    "ResidualBlock: a bias in a convolution": (
        but(BLOCK, "3, stride, padding=1, bias=False", "3, stride, padding=1"),
        "has a bias",
    ),
    "ResidualBlock: projects everywhere": (
        but(BLOCK, "if stride != 1 or in_channels != out_channels", "if True"),
        "too many",
    ),
    "ResidualBlock: projects only where the stride is not 1": (
        but(BLOCK, "if stride != 1 or in_channels != out_channels", "if stride != 1"),
        "the shape should be",
    ),
    "ResidualBlock: projects only where the channels change": (
        but(BLOCK, "if stride != 1 or in_channels != out_channels", "if in_channels != out_channels"),
        "the shape should be",
    ),
    "ResidualBlock: the projection is 3x3": (
        but(BLOCK, "out_channels, 1, stride, bias=False", "out_channels, 3, stride, 1, bias=False"),
        "another size",
    ),
    "ResidualBlock: the input activated in place": (
        but(BLOCK, "        return " + SUM, "        x.relu_()\n        return " + SUM),
        "in place",
    ),
    "ResidualBlock: layers in a list": (
        but(BLOCK, "self.residual = nn.Sequential(", "self.residual = (lambda *parts: nn.Sequential(*[lambda_(p) for p in parts]))(").replace(
            "class ResidualBlock", "class lambda_(nn.Module):\n    def __init__(self, p):\n        super().__init__()\n"
            "        self.parts = [p]\n\n    def forward(self, x):\n        return self.parts[0](x)\n\n\nclass ResidualBlock"
        ),
        "has no parameters",
    ),
    "ResidualBlock: only the package's": (
        "class ResidualBlock(blocks.ResidualBlock):\n    pass",
        "write this yourself",
    ),
    "passes_zero_test: nearly is enough": (
        but(ZERO, "torch.equal(trial(x), torch.relu(trial.shortcut(x)))", "torch.allclose(trial(x), torch.relu(trial.shortcut(x)), atol=1e-2)"),
        "passes your test",
    ),
    "passes_zero_test: compares sums": (
        but(ZERO, "torch.equal(trial(x), torch.relu(trial.shortcut(x)))", "bool(abs(trial(x).sum() - torch.relu(trial.shortcut(x)).sum()) < 1e-3)"),
        "passes your test",
    ),
    "passes_zero_test: looks at the first image": (
        but(ZERO, "torch.equal(trial(x), torch.relu(trial.shortcut(x)))", "torch.equal(trial(x)[0], torch.relu(trial.shortcut(x))[0])"),
        "first image only, from 4 to 4 channels, passes",
    ),
    "passes_zero_test: in the mode in which the block comes": (
        but(ZERO, ".eval()", ""),
        "in training mode only",
    ),
    "passes_zero_test: in training mode": (
        but(ZERO, ".eval()", ".train()"),
        "in training mode only",
    ),
    "passes_zero_test: a tensor of one": (
        but(ZERO, "torch.equal(trial(x), torch.relu(trial.shortcut(x)))", "(trial(x) == torch.relu(trial.shortcut(x))).all()"),
        "True or False is expected",
    ),
    "passes_zero_test: restores only the outer mode": (
        "def passes_zero_test(block, x):\n"
        "    last, mode = block.residual[-1], block.training\n"
        "    kept = [p.detach().clone() for p in (last.weight, last.bias)]\n    block.eval()\n    with torch.no_grad():\n"
        "        last.weight.zero_(), last.bias.zero_()\n"
        "        difference = block(x) - block.shortcut(x).clamp(min=0)\n"
        "        last.weight.copy_(kept[0]), last.bias.copy_(kept[1])\n    block.train(mode)\n"
        "    return bool(difference.abs().max() < 1e-6)",
        "a part whose mode differs",
    ),
    "passes_zero_test: without the ReLU": (
        but(ZERO, "torch.relu(trial.shortcut(x))", "trial.shortcut(x)"),
        "a right block from 4 to 6",
    ),
    "passes_zero_test: silences the first batch norm": (
        but(ZERO, "residual[-1]", "residual[1]"),
        "a right block from 4 to 4",
    ),
    "input_gradient: in eval mode": (but(GRADIENT, "net(x).sum()", "net.eval()(x).sum()"), "that of the other mode"),
    "input_gradient: of a copy in eval mode": (
        but(GRADIENT, "net(x).sum()", "copy.deepcopy(net).eval()(x).sum()"),
        "that of the other mode",
    ),
    "input_gradient: moves the statistics": (GRADIENT, "running statistics"),
    "input_gradient: of the first image": (
        but(OWN, "gradient.norm()", "gradient[0].norm()"),
        "first image alone",
    ),
    "input_gradient: a tensor": (but(OWN, ".item()", ""), "a Python float is expected"),
    "input_gradient: sum of sizes": (but(OWN, "gradient.norm()", "gradient.abs().sum()"), "sum of all sizes"),
    "input_gradient: the mean of the norms": (
        but(OWN, "gradient.norm()", "gradient.flatten(1).norm(dim=1).mean()"),
        "mean over images",
    ),
    "input_gradient: clipped": (but(OWN, "gradient.norm()", "gradient.norm().clamp(max=100)"), "clamped"),
    "input_gradient: of the weights": (
        but(OWN, "torch.autograd.grad(own(x).sum(), x)", "torch.autograd.grad(own(x).sum(), list(own.parameters())[-1:])"),
        "the norm is not right",
    ),
    "input_gradient: parameters frozen on the way": (
        but(OWN, "    own = copy.deepcopy(net)\n", "    own = net.requires_grad_(False)\n"),
        "`requires_grad` of parameters",
    ),
    "make_stage: plain blocks": (
        STAGE.replace("blocks.ResidualBlock", "blocks.PlainBlock"),
        "plain blocks instead of residual ones",
    ),
    "make_stage: projections": (
        but(STAGE, "out_channels, stride)\n    rest", "out_channels, stride, 'B')\n    rest"),
        "too many convolutions",
    ),
    "make_stage: copies of one block": (
        "def make_stage(in_channels, out_channels, count, stride):\n"
        "    stage = nn.Sequential(blocks.ResidualBlock(in_channels, out_channels, stride))\n"
        "    other = blocks.ResidualBlock(out_channels, out_channels)\n"
        "    for _ in range(count - 1):\n        stage.append(copy.deepcopy(other))\n    return stage",
        "start with the same weights",
    ),
    "make_stage: a list": (but(STAGE, "nn.Sequential(first, *rest)", "[first, *rest]"), "a list is returned"),
    "make_stage: an nn.ModuleList": (
        but(STAGE, "nn.Sequential(first, *rest)", "nn.ModuleList([first, *rest])"),
        "an nn.Sequential is expected",
    ),
    "make_stage: always stride 2": (but(STAGE, "out_channels, stride)", "out_channels, 2)"), "behind its blocks the sides are"),
    "make_stage: blocks that silence themselves": (
        but(STAGE, "    return", "    for block in (first, *rest):\n        block.residual[-1].requires_grad_(False)\n    return"),
        "cannot learn",
    ),
    "resnet: for 32 pixels only": (
        but(NET, "nn.AdaptiveAvgPool2d(1)", "nn.AvgPool2d(8)"),
        "resnet(8)",
    ),
    "resnet: stages of other blocks": (
        NET.replace("blocks.ResidualBlock", "blocks.BottleneckBlock"),
        "too many convolutions",
    ),
    "resnet: dropout before the head": (
        but(NET, "nn.Linear(64, 10))", "nn.Dropout(0.5), nn.Linear(64, 10))"),
        "each time",
    ),
    "resnet: one block for the whole of a stage": (
        but(NET, "[blocks.ResidualBlock(width, width) for _ in range(n - 1)]", "[blocks.ResidualBlock(width, width)] * (n - 1)"),
        "share their parameters",
    ),
    "resnet: a bias in the stem": (but(NET, "padding=1, bias=False", "padding=1"), "has a bias"),
    "resnet: a ReLU after the head": (but(NET, "nn.Linear(64, 10))", "nn.Linear(64, 10), nn.ReLU())"), "go through a ReLU"),
    "resnet: the map never shrinks": (but(NET, "1 if width == 16 else 2", "1"), "something else"),
    "ResidualBlock: the package's, with another default": (
        "class ResidualBlock(blocks.ResidualBlock):\n    def __init__(self, a, b, stride=1):\n        super().__init__(a, b, stride, 'B')",
        "write this yourself",
    ),
    "ResidualBlock: the package's parts": (
        but(BLOCK, "        self.shortcut = nn.Identity()", "        make = blocks.make_shortcut\n        self.shortcut = make('B', in_channels, out_channels, stride)").replace(
            "        if stride != 1 or in_channels != out_channels:\n            self.shortcut = nn.Sequential(\n"
            "                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)\n            )\n", ""),
        "write this yourself",
    ),
    "resnet: the package's": ("def resnet(depth):\n    return models.cifar(depth)", "write this yourself"),
    "add_and_activate: the check's": (
        "def add_and_activate(f, x):\n    from resnet_course.checks import block as b\n    return b.joined_by_the_package(f, x)",
        "write this yourself",
    ),
}
UNFOLD = """class Conv(nn.Module):
    def __init__(self, inside, outside, size, stride):
        super().__init__()
        self.size, self.stride = size, stride
        self.matrix = nn.Linear(inside * size * size, outside, bias=False)

    def forward(self, x):
        columns = nn.functional.unfold(x, self.size, padding=self.size // 2, stride=self.stride)
        out = self.matrix(columns.transpose(1, 2)).transpose(1, 2)
        height = (x.shape[2] + 2 * (self.size // 2) - self.size) // self.stride + 1
        return out.reshape(len(x), -1, height, out.shape[2] // height)
"""
RIGHT = {
    "add_and_activate: clamp": "def add_and_activate(f, x):\n    return (x + f).clamp(min=0)",
    "add_and_activate: torch.where": "def add_and_activate(f, x):\n"
    "    total = torch.add(f, x)\n    return torch.where(total > 0, total, torch.zeros_like(total))",
    "add_and_activate: a layer, in place on the sum": "def add_and_activate(f, x):\n"
    "    return nn.ReLU(inplace=True)(f + x)",
    "add_and_activate: a mask": "def add_and_activate(f, x):\n    s = x + f\n    return s * (s > 0)",
    "add_and_activate: half of the sum and its size": "def add_and_activate(f, x):\n"
    "    s = sum((f, x))\n    return (s + abs(s)) / 2",
    "add_and_activate: by einsum": "def add_and_activate(f, x):\n"
    "    return torch.einsum('snchw->nchw', torch.stack([f, x])).relu()",
    "add_and_activate: the maximum": "add_and_activate = lambda f, x: torch.maximum(f + x, torch.zeros_like(x))",
    "ResidualBlock: x first, ReLU as a layer": but(
        but(
            BLOCK,
            "        super().__init__()\n",
            "        super().__init__()\n        self.last = nn.ReLU(inplace=True)\n",
        ),
        SUM,
        "self.last(self.shortcut(x) + self.residual(x))",
    ),
    "ResidualBlock: by unfold and matrices, parts in another order": UNFOLD
    + """

class ResidualBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        n2, n1 = nn.BatchNorm2d(out_channels), nn.BatchNorm2d(out_channels)
        if in_channels == out_channels and stride == 1:
            self.shortcut = nn.Sequential()
        else:
            self.shortcut = nn.Sequential(Conv(in_channels, out_channels, 1, stride), nn.BatchNorm2d(out_channels))
        second = Conv(out_channels, out_channels, 3, 1)
        self.residual = nn.Sequential(Conv(in_channels, out_channels, 3, stride), n1, nn.ReLU(), second, n2)

    def forward(self, x):
        carried = self.shortcut(x)
        return nn.functional.relu(carried + self.residual(x))
""",
    "ResidualBlock: a branch of its own with functions, registered backwards": """class Branch(nn.Module):
    def __init__(self, a, b, stride):
        super().__init__()
        self.stride = stride
        self.beta2 = nn.Parameter(torch.zeros(b))
        self.gamma2 = nn.Parameter(torch.ones(b))
        self.beta1 = nn.Parameter(torch.zeros(b))
        self.gamma1 = nn.Parameter(torch.ones(b))
        self.w2 = nn.Parameter(torch.empty(b, b, 3, 3))
        self.w1 = nn.Parameter(torch.empty(b, a, 3, 3))
        for w in (self.w1, self.w2):
            nn.init.kaiming_normal_(w)
        for name in ("mean1", "mean2"):
            self.register_buffer(name, torch.zeros(b))
        for name in ("var1", "var2"):
            self.register_buffer(name, torch.ones(b))

    def forward(self, x):
        F = nn.functional
        x = F.conv2d(x, self.w1, None, self.stride, 1)
        x = F.batch_norm(x, self.mean1, self.var1, self.gamma1, self.beta1, self.training)
        x = F.conv2d(F.relu(x), self.w2, padding=1)
        return F.batch_norm(x, self.mean2, self.var2, self.gamma2, self.beta2, self.training)


class ResidualBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.shortcut = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(out_channels))
        self.residual = Branch(in_channels, out_channels, stride)

    def forward(self, x):
        out = self.residual(x)
        out += self.shortcut(x)
        return out.relu_()
""",
    "ResidualBlock: named parts, and the shortcut by slices and einsum": """class Project(nn.Module):
    def __init__(self, a, b, stride):
        super().__init__()
        self.norm = nn.BatchNorm2d(b)
        self.stride = stride
        self.weight = nn.Parameter(torch.randn(b, a) / a**0.5)

    def forward(self, x):
        taken = x[:, :, :: self.stride, :: self.stride]
        return self.norm(torch.einsum("nchw,oc->nohw", taken, self.weight))


class ResidualBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        same = stride == 1 and in_channels == out_channels
        self.shortcut = nn.Identity() if same else Project(in_channels, out_channels, stride)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding="same" if stride == 1 else 1, bias=False)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(out_channels), nn.BatchNorm2d(out_channels)
        self.residual = nn.Sequential(self.conv1, self.bn1, nn.ReLU(inplace=True), self.conv2, self.bn2)

    def forward(self, x):
        return add_and_activate(self.residual(x), self.shortcut(x))


def add_and_activate(f, x):
    return torch.relu(f + x)
""",
    "passes_zero_test: put back by hand, whatever happens": "def passes_zero_test(block, x):\n"
    "    last, modes = block.residual[-1], {m: m.training for m in block.modules()}\n"
    "    kept = [p.detach().clone() for p in (last.weight, last.bias)]\n    block.eval()\n    try:\n"
    "        with torch.no_grad():\n            last.weight.zero_(), last.bias.zero_()\n"
    "            wanted = block.shortcut(x).clamp(min=0)\n"
    "            return bool((block(x) - wanted).abs().max() <= 1e-5 * wanted.max())\n    finally:\n"
    "        with torch.no_grad():\n            last.weight.copy_(kept[0]), last.bias.copy_(kept[1])\n"
    "        for m, mode in modes.items():\n            m.training = mode",
    "passes_zero_test: other weights for one call": "def passes_zero_test(block, x):\n"
    "    twin = copy.deepcopy(block)\n    twin.eval()\n"
    "    name = f'residual.{len(twin.residual) - 1}'\n"
    "    zeros = {f'{name}.{k}': torch.zeros_like(p) for k, p in twin.residual[-1].named_parameters()}\n"
    "    got = torch.func.functional_call(twin, zeros, (x,))\n"
    "    return torch.allclose(got, nn.functional.relu(twin.shortcut(x)))",
    "passes_zero_test: a new batch norm in a copy": "def passes_zero_test(block, x):\n"
    "    twin = copy.deepcopy(block)\n    twin.residual[-1].load_state_dict("
    "{k: v if 'running' in k or 'num' in k else 0 * v for k, v in twin.residual[-1].state_dict().items()})\n"
    "    twin.eval()\n    with torch.inference_mode():\n"
    "        return bool((twin(x) == twin.shortcut(x).relu()).all())",
    "input_gradient: backward on a copy": "def input_gradient(net, x):\n"
    "    twin = copy.deepcopy(net)\n    x = x.detach().clone().requires_grad_(True)\n    twin(x).sum().backward()\n"
    "    return float((x.grad**2).sum().sqrt())",
    "input_gradient: buffers put back": "def input_gradient(net, x):\n"
    "    kept = [(b, b.clone()) for b in net.buffers()]\n    x = x.clone().detach()\n    x.requires_grad = True\n"
    "    try:\n        y = net(x)\n    finally:\n        for b, old in kept:\n            b.data.copy_(old)\n"
    "    g = torch.autograd.grad([y], [x], [torch.ones_like(y)])[0]\n    return torch.linalg.vector_norm(g).item()",
    "input_gradient: NumPy's norm": "def input_gradient(net, x):\n    import numpy as np\n"
    "    x = torch.tensor(x.tolist(), dtype=x.dtype, requires_grad=True)\n"
    "    total = copy.deepcopy(net)(x).sum()\n    g, = torch.autograd.grad(total, x)\n"
    "    return float(np.linalg.norm(g.numpy().ravel()))",
    "make_stage: a loop": "def make_stage(in_channels, out_channels, count, stride):\n    stage = nn.Sequential()\n"
    "    for number in range(count):\n        stage.append(blocks.ResidualBlock(in_channels, out_channels, stride))\n"
    "        in_channels, stride = out_channels, 1\n    return stage",
    "make_stage: named blocks": "def make_stage(in_channels, out_channels, count, stride):\n"
    "    from collections import OrderedDict\n    made = OrderedDict()\n"
    "    for n in reversed(range(count)):\n        made[f'block{n}'] = blocks.ResidualBlock(\n"
    "            in_channels if n == 0 else out_channels, out_channels, stride=stride if n == 0 else 1)\n"
    "    return nn.Sequential(OrderedDict(reversed(made.items())))",
    "make_stage: widths in pairs": "def make_stage(in_channels, out_channels, count, stride):\n"
    "    shapes = [(in_channels, out_channels, stride)] + (count - 1) * [(out_channels, out_channels, 1)]\n"
    "    return nn.Sequential(*map(lambda shape: blocks.ResidualBlock(*shape), shapes))",
    "resnet: a class, the mean taken by einsum": "class Net(nn.Module):\n    def __init__(self, depth):\n"
    "        super().__init__()\n        n = models.blocks_per_stage(depth)\n"
    "        self.conv, self.norm = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)\n"
    "        shapes = [(16, 16, 1)] * n + [(16, 32, 2)] + [(32, 32, 1)] * (n - 1)\n"
    "        shapes += [(32, 64, 2)] + [(64, 64, 1)] * (n - 1)\n"
    "        self.blocks = nn.ModuleList(blocks.ResidualBlock(*shape) for shape in shapes)\n"
    "        self.head = nn.Linear(64, 10)\n\n    def forward(self, x):\n"
    "        x = self.norm(self.conv(x)).clamp(min=0)\n"
    "        for block in self.blocks:\n            x = block(x)\n"
    "        return self.head(torch.einsum('nchw->nc', x) / (x.shape[2] * x.shape[3]))\n\n\n"
    "def resnet(depth):\n    return Net(depth)",
    "resnet: the head made first, stages nested": "class Net(nn.Module):\n    def __init__(self, n):\n"
    "        super().__init__()\n        self.out = nn.Linear(64, 10)\n"
    "        self.stage3 = self.stage(n, 32, 64, 2)\n        self.stage2 = self.stage(n, 16, 32, 2)\n"
    "        self.stage1 = self.stage(n, 16, 16, 1)\n        self.bn = nn.BatchNorm2d(16)\n"
    "        self.first = nn.Conv2d(3, 16, kernel_size=3, padding='same', bias=False)\n\n"
    "    def stage(self, n, a, b, s):\n"
    "        more = (blocks.ResidualBlock(b, b, 1) for _ in range(n - 1))\n"
    "        return nn.Sequential(blocks.ResidualBlock(a, b, s), *more)\n\n    def forward(self, x):\n"
    "        x = nn.functional.relu(self.bn(self.first(x)), inplace=True)\n"
    "        x = self.stage3(self.stage2(self.stage1(x)))\n"
    "        return self.out(x.flatten(2).mean(-1))\n\n\n"
    "resnet = lambda depth: Net((depth - 2) // 6)",
    "resnet: with the package's stages": "def resnet(depth):\n"
    "    stages = models.make_stages(blocks.ResidualBlock, 16, (16, 32, 64), (models.blocks_per_stage(depth),) * 3)\n"
    "    stem = nn.Sequential(blocks.conv3x3(3, 16), nn.BatchNorm2d(16), nn.ReLU())\n"
    "    from resnet_course.networks.network import Network\n"
    "    return Network(stem, stages, nn.Linear(64, 10))",
}
FAMILY = {
    "add_and_activate": "tensors",
    "ResidualBlock": "maker",
    "passes_zero_test": "probe",
    "input_gradient": "probe",
    "make_stage": "maker",
    "resnet": "maker",
}
