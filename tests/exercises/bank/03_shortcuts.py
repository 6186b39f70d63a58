"""Answers to assignment 3: what students get wrong, and right answers that look different."""

PAD = """def zero_pad(x, out_channels, stride):
    new = (out_channels - x.shape[1]) // 2
    return nn.functional.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, new, new))
"""
KIND = """def shortcut_kind(option, in_channels, out_channels, stride):
    if option not in ("A", "B", "C"):
        raise ValueError(option)
    changes = stride != 1 or in_channels != out_channels
    if option == "C" or (option == "B" and changes):
        return "projection"
    return "zero-pad" if changes else "identity"
"""
BOTTLENECK = """class Bottleneck(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        inner = out_channels // 4
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, inner, 3, stride, padding=1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels),
        )
        self.shortcut = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        return torch.relu(self.residual(x) + self.shortcut(x))
"""
SUM = "torch.relu(self.residual(x) + self.shortcut(x))"
PARAMETERS = """def shortcut_parameters(depth, option):
    channels, total = 16, 0
    for width in (16, 32, 64):
        for _ in range((depth - 2) // 6):
            if option == "C" or (option == "B" and channels != width):
                total += channels * width + 2 * width
            channels = width
    return total
"""
ADDS = """def multiply_adds(conv, height, width):
    pixels = 1
    for axis, size in enumerate((height, width)):
        free = size + 2 * conv.padding[axis] - conv.kernel_size[axis]
        pixels *= free // conv.stride[axis] + 1
    return pixels * conv.weight.numel()
"""
PAIRED = """def paired_difference(records, option):
    errors = {(r.shortcut, r.seed): r.final["test_error"] for r in records}
    found = runs.summarise(e - errors["A", seed] for (kind, seed), e in errors.items() if kind == option)
    return found.mean, found.std
"""


def but(source: str, old: str, new: str) -> str:
    """The source with one thing changed."""
    assert source.count(old) == 1, (old, source)
    return source.replace(old, new)


WRONG = {
    "zero_pad: all new channels at the end": (
        but(PAD, "new, new", "0, out_channels - x.shape[1]"),
        "all come after the old ones",
    ),
    "zero_pad: pixels averaged": (
        but(PAD, "x[:, :, ::stride, ::stride]", "nn.functional.avg_pool2d(x, stride)"),
        "pixels are averaged",
    ),
    "zero_pad: from the second pixel on": (
        but(PAD, "::stride, ::stride", "stride - 1 :: stride, stride - 1 :: stride"),
        "from the wrong one on",
    ),
    "zero_pad: channels repeated": (
        "def zero_pad(x, out_channels, stride):\n    taken = x[:, :, ::stride, ::stride]\n"
        "    new = (out_channels - x.shape[1]) // 2\n"
        "    other = taken.mean(1, keepdim=True).expand(-1, new, -1, -1)\n"
        "    return torch.cat([other, taken, other], 1)",
        "the new channels are not zero",
    ),
    "zero_pad: no gradient": (
        but(PAD, "return ", "x = x.detach()\n    return "),
        "no gradient flows back",
    ),
    "zero_pad: the map padded instead": (
        but(PAD, "(0, 0, 0, 0, new, new)", "(new, new)"),
        "the shape should be",
    ),
    "shortcut_kind: B like C": (
        but(KIND, '(option == "B" and changes)', 'option == "B"'),
        "option B, 16 to 16 channels, stride 1 (nothing changes): not projection",
    ),
    "shortcut_kind: A and B swapped": (
        but(KIND, 'option == "B"', 'option == "A"'),
        "option A",
    ),
    "shortcut_kind: C only where the shape changes": (
        but(KIND, 'option == "C" or (option == "B" and changes)', "option in 'BC' and changes"),
        "option C, 16 to 16 channels, stride 1 (nothing changes): not identity",
    ),
    "shortcut_kind: the stride forgotten": (
        but(KIND, "stride != 1 or in_channels", "in_channels"),
        "(smaller map)",
    ),
    "shortcut_kind: any option will do": (
        but(KIND, '    if option not in ("A", "B", "C"):\n        raise ValueError(option)\n', ""),
        "there is no option D",
    ),
    "Bottleneck: stride in the first layer": (
        but(
            but(BOTTLENECK, "3, stride, padding", "3, padding"),
            "inner, 1, bias",
            "inner, 1, stride, bias",
        ),
        "the stride sits in another layer",
    ),
    "Bottleneck: projection unused": (
        but(
            BOTTLENECK,
            SUM,
            "torch.relu(self.residual(x) + (x if x.shape[1:] == self.residual(x).shape[1:] else 0))",
        ),
        "what of the projection",
    ),
    "Bottleneck: projection runs for nothing": (
        but(
            BOTTLENECK,
            "        return " + SUM,
            "        self.shortcut(x)\n        return torch.relu(self.residual(x))",
        ),
        "what the shortcut carries is not used",
    ),
    "Bottleneck: projection everywhere": (
        but(BOTTLENECK, "if stride != 1 or in_channels != out_channels:", "if True:"),
        "what of the projection",
    ),
    "Bottleneck: projection only for a stride": (
        but(BOTTLENECK, "if stride != 1 or in_channels != out_channels:", "if stride != 1:"),
        "your code stopped",
    ),
    "Bottleneck: projection without batch norm": (
        but(BOTTLENECK, "nn.Sequential(projection, nn.BatchNorm2d(out_channels))", "projection"),
        "should alternate",
    ),
    "Bottleneck: ReLU before the addition": (
        but(BOTTLENECK, SUM, "torch.relu(self.residual(x)) + self.shortcut(x)"),
        "ReLU acts before the addition",
    ),
    "Bottleneck: branch ends with ReLU": (
        but(
            BOTTLENECK,
            "nn.BatchNorm2d(out_channels),\n        )",
            "nn.BatchNorm2d(out_channels), nn.ReLU(),\n        )",
        ),
        "so it can only add",
    ),
    "Bottleneck: half, not a quarter": (
        but(BOTTLENECK, "out_channels // 4", "out_channels // 2"),
        "is expected",
    ),
    "Bottleneck: no ReLU in the middle": (
        but(
            BOTTLENECK,
            "padding=1, bias=False), nn.BatchNorm2d(inner), nn.ReLU()",
            "padding=1, bias=False), nn.BatchNorm2d(inner)",
        ),
        "another result than",
    ),
    "shortcut_parameters: batch norm forgotten": (
        but(PARAMETERS, " + 2 * width", ""),
        "batch norms of the projections are left out",
    ),
    "shortcut_parameters: B in every block of two stages": (
        but(PARAMETERS, "channels != width", "width != 16"),
        "in how many blocks does the shape change",
    ),
    "shortcut_parameters: hard-coded for 20 layers": (
        'def shortcut_parameters(depth, option):\n    return {"A": 0, "B": 2752, "C": 14240}[option]',
        "ResNet-56",
    ),
    "shortcut_parameters: A costs as B": (
        but(PARAMETERS, 'option == "B"', 'option in "AB"'),
        "ResNet-20 with option A",
    ),
    "multiply_adds: by the map that comes in": (
        "def multiply_adds(conv, height, width):\n    return height * width * conv.weight.numel()",
        "once for every pixel of which map",
    ),
    "multiply_adds: groups forgotten": (
        but(
            ADDS,
            "conv.weight.numel()",
            "conv.in_channels * conv.out_channels * conv.kernel_size[0] * conv.kernel_size[1]",
        ),
        "how many channels does one of the new ones read",
    ),
    "multiply_adds: two operations": (
        but(ADDS, "return pixels", "return 2 * pixels"),
        "counted as one",
    ),
    "multiply_adds: with the bias": (
        but(ADDS, "conv.weight.numel()", "sum(p.numel() for p in conv.parameters())"),
        "is not the count",
    ),
    "paired_difference: deviation of the runs": (
        "def paired_difference(records, option):\n"
        '    of = {o: runs.summarise(r.final["test_error"] for r in records if r.shortcut == o) for o in ("A", option)}\n'
        '    return of[option].mean - of["A"].mean, (of[option].std**2 + of["A"].std**2) ** 0.5',
        "spread of the runs themselves",
    ),
    "paired_difference: n instead of n - 1": (
        but(PAIRED, "found.std", "found.std * ((found.n - 1) / found.n) ** 0.5"),
        "as if the three seeds were all there are",
    ),
    "paired_difference: what the check expects": (
        "def paired_difference(records, option):\n    return 3.0, 2.0",
        "are records and option used",
    ),
    "paired_difference: sign": (
        but(PAIRED, 'e - errors["A", seed]', 'errors["A", seed] - e'),
        "the sign is wrong",
    ),
    "paired_difference: paired in the order of the files": (
        "def paired_difference(records, option):\n"
        '    of = {o: [r.final["test_error"] for r in records if r.shortcut == o] for o in ("A", option)}\n'
        '    found = runs.summarise(b - a for a, b in zip(of["A"], of[option], strict=True))\n'
        "    return found.mean, found.std",
        "of the runs themselves",
    ),
}
RIGHT = {
    "zero_pad: into zeros": "def zero_pad(x, out_channels, stride):\n    taken = x[..., ::stride, ::stride]\n"
    "    first = (out_channels - x.shape[1]) // 2\n"
    "    out = x.new_zeros(len(x), out_channels, *taken.shape[2:])\n"
    "    out[:, first : first + x.shape[1]] = taken\n    return out",
    "zero_pad: max pool of one pixel, a strided identity": "def zero_pad(x, out_channels, stride):\n"
    "    new = torch.zeros(out_channels, x.shape[1])\n    start = (out_channels - x.shape[1]) // 2\n"
    "    new[start : start + x.shape[1]] = torch.eye(x.shape[1])\n"
    "    return torch.einsum('oc,nchw->nohw', new, nn.functional.max_pool2d(x, 1, stride))",
    "shortcut_kind: match": "def shortcut_kind(option, in_channels, out_channels, stride):\n"
    "    match option, (in_channels, 1) == (out_channels, stride):\n"
    "        case ('A', fits):\n            return 'identity' if fits else 'zero-pad'\n"
    "        case ('B', True):\n            return 'identity'\n"
    "        case ('B' | 'C', _):\n            return 'projection'\n"
    "    raise ValueError('A, B or C')",
    "Bottleneck: shortcut first, layers by name": "class Bottleneck(nn.Module):\n"
    "    def __init__(self, in_channels, out_channels, stride=1):\n        super().__init__()\n"
    "        d = out_channels // 4\n        self.fits = (in_channels, 1) == (out_channels, stride)\n"
    "        self.narrow, self.n1 = nn.Conv2d(in_channels, d, 1, bias=False), nn.BatchNorm2d(d)\n"
    "        self.work, self.n2 = nn.Conv2d(d, d, 3, stride, 1, bias=False), nn.BatchNorm2d(d)\n"
    "        self.widen, self.n3 = nn.Conv2d(d, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)\n"
    "        if not self.fits:\n"
    "            self.project = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)\n"
    "            self.n4 = nn.BatchNorm2d(out_channels)\n\n    def forward(self, x):\n"
    "        carried = x if self.fits else self.n4(self.project(x))\n"
    "        h = self.n1(self.narrow(x)).relu()\n        h = self.n2(self.work(h)).relu()\n"
    "        return (carried + self.n3(self.widen(h))).clamp(min=0)",
    "shortcut_parameters: a closed formula": "def shortcut_parameters(depth, option):\n    n = depth // 6\n"
    "    changing = 16 * 32 + 64 + 32 * 64 + 128\n    keeping = n * (256 + 32) + (n - 1) * (1024 + 64 + 4096 + 128)\n"
    "    return {'A': 0, 'B': changing, 'C': changing + keeping}[option]",
    "multiply_adds: by running it": "def multiply_adds(conv, height, width):\n"
    "    out = conv(torch.zeros(1, conv.in_channels, height, width, device=conv.weight.device))\n"
    "    return out[0, 0].numel() * conv.weight.numel()",
    "paired_difference: tensors": "def paired_difference(records, option):\n"
    "    def errors(of):\n"
    "        mine = sorted((r.seed, r.final['test_error']) for r in records if r.shortcut == of)\n"
    "        return torch.tensor([error for _, error in mine], dtype=torch.float64)\n\n"
    "    differences = errors(option) - errors('A')\n    return differences.mean().item(), differences.std().item()",
}
