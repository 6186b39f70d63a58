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
        "the ReLU in another place",
    ),
    "ResidualBlock: the shortcut added only where it is the identity": (
        but(
            BLOCK,
            SUM,
            "torch.relu(self.residual(x) + (x if isinstance(self.shortcut, nn.Identity) else 0))",
        ),
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
        "put together to something else",
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
        but(
            BLOCK,
            "            nn.BatchNorm2d(out_channels),\n            nn.ReLU(),",
            "            nn.ReLU(),",
        ),
        "should alternate",
    ),
    "ResidualBlock: projection without batch norm": (
        but(BLOCK, ", bias=False), nn.BatchNorm2d(out_channels)\n", ", bias=False)\n"),
        "parameters are expected",
    ),
    "ResidualBlock: wrong padding": (
        BLOCK.replace("padding=1, ", ""),
        "shape should be",
    ),
    "ResidualBlock: runs its branch twice": (
        but(BLOCK, "        return", "        self.residual(x)\n        return"),
        "should see a batch once",
    ),
    "ResidualBlock: adds in place": (
        but(
            BLOCK,
            "        return " + SUM,
            "        f, carried = self.residual(x), self.shortcut(x)\n"
            "        carried.data += f.data\n        return torch.relu(carried)",
        ),
        "in place",
    ),
    "ResidualBlock: a shortcut without gradient": (
        but(BLOCK, "self.shortcut(x))", "self.shortcut(x).detach())"),
        "get no gradient",
    ),
    "ResidualBlock: no layers at all": (
        "class ResidualBlock(nn.Module):\n"
        "    def __init__(self, in_channels, out_channels, stride=1):\n"
        "        super().__init__()\n\n"
        "    def forward(self, x):\n"
        "        return torch.relu(x)",
        "needs a module named residual",
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
        "a right block from 4 to 8",
    ),
    "passes_zero_test: spoils the block": (
        but(ZERO, "copy.deepcopy(block).eval()", "block.eval()"),
        "the block is not what it was",
    ),
    "passes_zero_test: looks for the attribute": (
        "def passes_zero_test(block, x):\n    return hasattr(block, 'shortcut')",
        "passes your test",
    ),
    "input_gradient: leaves gradients on the net": (
        "def input_gradient(net, x):\n    x = x.clone().requires_grad_()\n    net(x).sum().backward()\n"
        "    return x.grad.norm().item()",
        "gradients were left",
    ),
    "input_gradient: changes the caller's tensor": (
        but(GRADIENT, "x.detach().clone().requires_grad_()", "x.requires_grad_()"),
        "work on a copy",
    ),
    "input_gradient: of the mean": (
        but(GRADIENT, "net(x).sum()", "net(x).mean()"),
        "gradient of the mean",
    ),
    "input_gradient: squared": (
        but(GRADIENT, "gradient.norm()", "gradient.square().sum()"),
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
        "the strides of its blocks are",
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
        "the strides of its blocks are",
    ),
    "resnet: ImageNet stem": (
        but(
            NET,
            "nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()",
            "nn.Conv2d(3, 16, 7, 2, padding=3, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(3, 2, 1)",
        ),
        "parameters, it has",
    ),
    "resnet: no ReLU in the stem": (
        but(NET, "nn.BatchNorm2d(16), nn.ReLU())", "nn.BatchNorm2d(16))"),
        "other answers",
    ),
    "resnet: probabilities": (
        but(NET, "nn.Linear(64, 10))", "nn.Linear(64, 10), nn.Softmax(1))"),
        "logits are asked for",
    ),
    "resnet: max pool": (
        but(NET, "nn.AdaptiveAvgPool2d(1)", "nn.AdaptiveMaxPool2d(1)"),
        "other answers",
    ),
    "resnet: the first stage halves, too": (
        but(NET, "1 if width == 16 else 2", "2"),
        "wrong stride",
    ),
    "resnet: option B": (
        but(NET, "1 if width == 16 else 2)", "1 if width == 16 else 2, 'B')"),
        "convolutions and linear layers",
    ),
    "resnet: always 20 layers": (
        but(NET, "models.blocks_per_stage(depth)", "3"),
        "resnet(8) runs 20",
    ),
    "resnet: plain": (
        NET.replace("blocks.ResidualBlock", "blocks.PlainBlock"),
        "other answers",
    ),
}
RIGHT = {
    "add_and_activate: clamp": "def add_and_activate(f, x):\n    return (x + f).clamp(min=0)",
    "add_and_activate: torch.where": "def add_and_activate(f, x):\n"
    "    total = torch.add(f, x)\n    return torch.where(total > 0, total, torch.zeros_like(total))",
    "ResidualBlock: x first, ReLU as a layer": but(
        but(
            BLOCK,
            "        super().__init__()\n",
            "        super().__init__()\n        self.last = nn.ReLU(inplace=True)\n",
        ),
        SUM,
        "self.last(self.shortcut(x) + self.residual(x))",
    ),
    "passes_zero_test: put back by hand": "def passes_zero_test(block, x):\n"
    "    last, mode = block.residual[-1], block.training\n"
    "    kept = [p.detach().clone() for p in (last.weight, last.bias)]\n    block.eval()\n    with torch.no_grad():\n"
    "        last.weight.zero_(), last.bias.zero_()\n"
    "        difference = block(x) - block.shortcut(x).clamp(min=0)\n"
    "        last.weight.copy_(kept[0]), last.bias.copy_(kept[1])\n    block.train(mode)\n"
    "    return bool(difference.abs().max() < 1e-6)",
    "input_gradient: by a vector of ones": "def input_gradient(net, x):\n"
    "    _, pull = torch.func.vjp(net, x)\n    (gradient,) = pull(torch.ones_like(net(x)))\n"
    "    return (gradient**2).sum().sqrt().item()",
    "make_stage: a loop": "def make_stage(in_channels, out_channels, count, stride):\n    stage = nn.Sequential()\n"
    "    for number in range(count):\n        stage.append(blocks.ResidualBlock(in_channels, out_channels, stride))\n"
    "        in_channels, stride = out_channels, 1\n    return stage",
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
}
