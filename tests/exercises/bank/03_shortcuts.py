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
    costs = [e - errors["A", seed] for (kind, seed), e in errors.items() if kind == option]
    return fmean(costs), stdev(costs)
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
        "the old channels or the zeros",
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
        "option B, 16 to 16 channels, stride 1 (nothing changes): not 'projection'",
    ),
    "shortcut_kind: A and B swapped": (
        but(KIND, 'option == "B"', 'option == "A"'),
        "option A",
    ),
    "shortcut_kind: C only where the shape changes": (
        but(KIND, 'option == "C" or (option == "B" and changes)', "option in 'BC' and changes"),
        "option C, 16 to 16 channels, stride 1 (nothing changes): not 'identity'",
    ),
    "shortcut_kind: the stride forgotten": (
        but(KIND, "stride != 1 or in_channels", "in_channels"),
        "(smaller map)",
    ),
    "shortcut_kind: any option will do": (
        but(KIND, '    if option not in ("A", "B", "C"):\n        raise ValueError(option)\n', ""),
        "there is no option 'D'",
    ),
    "Bottleneck: stride in the first layer": (
        but(but(BOTTLENECK, "3, stride, padding", "3, padding"), "inner, 1, bias", "inner, 1, stride, bias"),
        "the stride sits in the first convolution",
    ),
    "Bottleneck: projection unused": (
        but(
            BOTTLENECK, SUM, "torch.relu(self.residual(x) + (x if x.shape[1:] == self.residual(x).shape[1:] else 0))"
        ),
        "the shortcut has no effect",
    ),
    "Bottleneck: projection runs for nothing": (
        but(
            BOTTLENECK,
            "        return " + SUM,
            "        self.shortcut(x)\n        return torch.relu(self.residual(x))",
        ),
        "the shortcut has no effect",
    ),
    "Bottleneck: projection everywhere": (
        but(BOTTLENECK, "if stride != 1 or in_channels != out_channels:", "if True:"),
        "too many convolutions",
    ),
    "Bottleneck: projection only for a stride": (
        but(BOTTLENECK, "if stride != 1 or in_channels != out_channels:", "if stride != 1:"),
        "stops in line",
    ),
    "Bottleneck: projection without batch norm": (
        but(BOTTLENECK, "nn.Sequential(projection, nn.BatchNorm2d(out_channels))", "projection"),
        "too few batch norms",
    ),
    "Bottleneck: ReLU before the addition": (
        but(BOTTLENECK, SUM, "torch.relu(self.residual(x)) + self.shortcut(x)"),
        "ReLU comes before the addition",
    ),
    "Bottleneck: branch ends with ReLU": (
        but(
            BOTTLENECK,
            "nn.BatchNorm2d(out_channels),\n        )",
            "nn.BatchNorm2d(out_channels), nn.ReLU(),\n        )",
        ),
        "so F can only add",
    ),
    "Bottleneck: half, not a quarter": (
        but(BOTTLENECK, "out_channels // 4", "out_channels // 2"),
        "layers of another size",
    ),
    "Bottleneck: no ReLU in the middle": (
        but(
            BOTTLENECK,
            "padding=1, bias=False), nn.BatchNorm2d(inner), nn.ReLU()",
            "padding=1, bias=False), nn.BatchNorm2d(inner)",
        ),
        "nothing bends the signal",
    ),
    "shortcut_parameters: batch norm forgotten": (
        but(PARAMETERS, " + 2 * width", ""),
        "batch norms of the projections are left out",
    ),
    "shortcut_parameters: B in every block of two stages": (
        but(PARAMETERS, "channels != width", "width != 16"),
        "in how many blocks of a stage does the shape change",
    ),
    "shortcut_parameters: hard-coded for 20 layers": (
        'def shortcut_parameters(depth, option):\n    return {"A": 0, "B": 2752, "C": 14240}[option]',
        "a network of 8 layers with option C",
    ),
    "shortcut_parameters: A costs as B": (
        but(PARAMETERS, 'option == "B"', 'option in "AB"'),
        "option A never has parameters",
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
        "the bias is counted",
    ),
    "paired_difference: deviation of the runs": (
        "def paired_difference(records, option):\n"
        '    errors = {o: [r.final["test_error"] for r in records if r.shortcut == o] for o in ("A", option)}\n'
        '    return fmean(errors[option]) - fmean(errors["A"]), stdev(errors[option])',
        "the spread of the option's runs",
    ),
    "paired_difference: n instead of n - 1": (
        but(PAIRED, "stdev(costs)", "__import__('statistics').pstdev(costs)"),
        "as if the three seeds were all there are",
    ),
    "paired_difference: what the check expects": (
        "def paired_difference(records, option):\n    return 3.0, 2.0",
        "your mean is",
    ),
    "paired_difference: sign": (
        but(PAIRED, 'e - errors["A", seed]', 'errors["A", seed] - e'),
        "the sign is wrong",
    ),
    "paired_difference: paired in the order of the files": (
        "def paired_difference(records, option):\n"
        '    of = {o: [r.final["test_error"] for r in records if r.shortcut == o] for o in ("A", option)}\n'
        '    costs = [b - a for a, b in zip(of["A"], of[option], strict=True)]\n'
        "    return fmean(costs), stdev(costs)",
        "which run belongs to which",
    ),
    "zero_pad: all new channels first": (but(PAD, "new, new", "out_channels - x.shape[1], 0"), "all come before the old ones"),
    "zero_pad: the largest of four": (
        but(PAD, "x[:, :, ::stride, ::stride]", "nn.functional.max_pool2d(x, stride)"),
        "the largest of each few pixels",
    ),
    "zero_pad: only float32": (
        "def zero_pad(x, out_channels, stride):\n    taken = x[..., ::stride, ::stride]\n"
        "    first = (out_channels - x.shape[1]) // 2\n"
        "    out = torch.zeros(len(x), out_channels, *taken.shape[2:])\n"
        "    out[:, first : first + x.shape[1]] = taken\n    return out",
        "another type",
    ),
    "zero_pad: zeros on the CPU": (
        "def zero_pad(x, out_channels, stride):\n    taken = x[..., ::stride, ::stride]\n"
        "    half = (out_channels - x.shape[1]) // 2\n"
        "    zeros = torch.zeros(len(x), half, *taken.shape[2:], dtype=x.dtype)\n"
        "    return torch.cat([zeros, taken, zeros], 1)",
        "works on the CPU alone",
    ),
    "zero_pad: for stride 2 only": (but(PAD, "::stride, ::stride", "::2, ::2"), "stride"),
    "zero_pad: for stride 1 and 2 only": (but(PAD, "::stride, ::stride", "::1 + (stride > 1), ::1 + (stride > 1)"), "with stride 3"),
    "zero_pad: rows only": (but(PAD, "::stride, ::stride", "::stride"), "the shape should be"),
    "zero_pad: the batch padded": (but(PAD, "(0, 0, 0, 0, new, new)", "(0, 0, 0, 0, 0, 0, new, new)"), "the shape should be"),
    "zero_pad: ones": (but(PAD, "(0, 0, 0, 0, new, new)", "(0, 0, 0, 0, new, new), value=1.0"), "but ones"),
    "zero_pad: square maps only": (
        but(PAD, "x[:, :, ::stride, ::stride]", "x.transpose(2, 3)[:, :, ::stride, ::stride].reshape(*x.shape[:2], x.shape[2] // stride, -1)"),
        "rows and columns are exchanged",
    ),
    "zero_pad: always doubles the channels": (but(PAD, "(out_channels - x.shape[1]) // 2", "x.shape[1] // 2"), "the shape should be"),
    "shortcut_kind: fewer words": (but(KIND, '"zero-pad"', '"pad"'), "is none of"),
    "shortcut_kind: empty text is an option": (but(KIND, 'option not in ("A", "B", "C")', 'option not in "ABC"'), "there is no option ''"),
    "shortcut_kind: small letters as well": (
        "def shortcut_kind(option, in_channels, out_channels, stride):\n    option = option.upper()\n" + KIND.split("\n", 1)[1],
        "there is no option 'a'",
    ),
    "shortcut_kind: another error": (but(KIND, "raise ValueError(option)", "raise KeyError(option)"), "a KeyError is raised"),
    "shortcut_kind: asserts": (
        but(KIND, '    if option not in ("A", "B", "C"):\n        raise ValueError(option)\n', '    assert option in ("A", "B", "C")\n'),
        "AssertionError is raised",
    ),
    "shortcut_kind: stride 2 alone": (but(KIND, "stride != 1", "stride == 2"), "a map a third as wide"),
    "shortcut_kind: the error returned": (but(KIND, "raise ValueError(option)", "return ValueError(option)"), "instead of raising"),
    "shortcut_kind: both must change": (but(KIND, "stride != 1 or in", "stride != 1 and in"), "(more channels)"),
    "Bottleneck: a bias": (but(BOTTLENECK, "inner, 1, bias=False", "inner, 1"), "has a bias"),
    "Bottleneck: no last ReLU": (but(BOTTLENECK, SUM, "self.residual(x) + self.shortcut(x)"), "goes below zero"),
    "Bottleneck: stride in the last layer": (
        but(but(BOTTLENECK, "3, stride, padding", "3, padding"), "out_channels, 1, bias=False), nn", "out_channels, 1, stride, bias=False), nn"),
        "the stride sits in the third convolution",
    ),
    "Bottleneck: two layers only": (
        but(BOTTLENECK, "            nn.Conv2d(inner, inner, 3, stride, padding=1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),\n", ""),
        "stops in line",
    ),
    "Bottleneck: no ReLU after the first": (
        but(BOTTLENECK, "nn.Conv2d(in_channels, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),", "nn.Conv2d(in_channels, inner, 1, bias=False), nn.BatchNorm2d(inner),"),
        "nothing bends the signal",
    ),
    "Bottleneck: the shortcut detached": (but(BOTTLENECK, "self.shortcut(x))", "self.shortcut(x).detach())"), "no gradient flows through the shortcut"),
    "Bottleneck: the branch without gradient": (
        but(BOTTLENECK, "        return " + SUM, "        with torch.no_grad():\n            f = self.residual(x)\n        return torch.relu(f + self.shortcut(x))"),
        "no gradient flows through the branch",
    ),
    "Bottleneck: the same norm twice": (
        but(BOTTLENECK, "        self.shortcut = nn.Identity()", "        self.residual[4] = self.residual[1]\n        self.shortcut = nn.Identity()"),
        "share their parameters",
    ),
    "Bottleneck: grouped": (but(BOTTLENECK, "3, stride, padding=1", "3, stride, padding=1, groups=inner"), "another size"),
    "Bottleneck: average pool in the shortcut": (
        but(BOTTLENECK, "projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)", "projection = nn.Sequential(nn.AvgPool2d(stride), nn.Conv2d(in_channels, out_channels, 1, bias=False))"),
        "something else with them",
    ),
    "Bottleneck: the package's own with option C": (
        "from resnet_course.networks import blocks\n\n\nclass Bottleneck(blocks.BottleneckBlock):\n    def __init__(self, a, b, stride=1):\n        super().__init__(a, b, stride, 'C')\n\n\n",
        "write this yourself",
    ),
    "Bottleneck: ReLU6": (BOTTLENECK.replace("nn.ReLU()", "nn.ReLU6()"), "(ReLU6)"),
    "shortcut_parameters: a scale only": (but(PARAMETERS, "2 * width", "width"), "a scale and a shift"),
    "shortcut_parameters: with buffers": (but(PARAMETERS, "2 * width", "4 * width"), "buffers are counted"),
    "shortcut_parameters: C like B": (but(PARAMETERS, 'option == "C" or (option == "B" and channels != width)', 'option in "BC" and channels != width'), "only where the shape changes"),
    "shortcut_parameters: a stage too long": (but(PARAMETERS, "(depth - 2) // 6", "depth // 6 + 1"), "how many blocks has each stage"),
    "shortcut_parameters: B like C": (but(PARAMETERS, '(option == "B" and channels != width)', 'option == "B"'), "in every block"),
    "shortcut_parameters: a bias, too": (but(PARAMETERS, "2 * width", "3 * width"), "is not the number"),
    "shortcut_parameters: 3x3": (but(PARAMETERS, "channels * width", "9 * channels * width"), "is not the number"),
    "shortcut_parameters: a float": (but(PARAMETERS, "return total", "return float(total)"), "an int is expected"),
    "shortcut_parameters: one change of shape": (but(PARAMETERS, "(16, 32, 64)", "(16, 64)"), "is not the number"),
    "multiply_adds: square kernels only": (but(ADDS, "conv.kernel_size[axis]", "conv.kernel_size[0]"), "not the count"),
    "multiply_adds: one stride for both": (but(ADDS, "conv.stride[axis]", "conv.stride[0]"), "for every pixel of which map"),
    "multiply_adds: one padding for both": (but(ADDS, "conv.padding[axis]", "conv.padding[0]"), "not the count"),
    "multiply_adds: padded once": (but(ADDS, "2 * conv.padding", "conv.padding"), "not the count"),
    "multiply_adds: rounded up": (but(ADDS, "free // conv.stride[axis] + 1", "-(-free // conv.stride[axis]) + 1"), "not the count"),
    "multiply_adds: without the one more": (but(ADDS, " + 1", ""), "not the count"),
    "multiply_adds: height twice": (but(ADDS, "(height, width)", "(height, height)"), "not the count"),
    "multiply_adds: width first": (but(ADDS, "(height, width)", "(width, height)"), "taken for one another"),
    "multiply_adds: weights": ("def multiply_adds(conv, height, width):\n    return conv.weight.numel()", "these are weights"),
    "multiply_adds: a tensor": (but(ADDS, "return pixels *", "return torch.tensor(pixels) *"), "an int is expected"),
    "multiply_adds: a batch of two": (
        "def multiply_adds(conv, height, width):\n    return conv(torch.zeros(2, conv.in_channels, height, width))[:, 0].numel() * conv.weight.numel()",
        "counted as one, not as two",
    ),
    "multiply_adds: sets the stride": (but(ADDS, "    pixels = 1\n", "    pixels = 1\n    conv.dilation = 1\n"), "another `dilation`"),
    "paired_difference: variance": (but(PAIRED, "stdev(costs)", "stdev(costs) ** 2"), "this is the variance"),
    "paired_difference: standard error": (but(PAIRED, "stdev(costs)", "stdev(costs) / len(costs) ** 0.5"), "standard error"),
    "paired_difference: in percent of A": (but(PAIRED, 'e - errors["A", seed]', '(e - errors["A", seed]) / errors["A", seed]'), "relative"),
    "paired_difference: sizes": (but(PAIRED, 'e - errors["A", seed]', 'abs(e - errors["A", seed])'), "without their signs"),
    "paired_difference: of training": (but(PAIRED, '"test_error"', '"train_error"'), "your mean is"),
    "paired_difference: against A's mean": (
        "def paired_difference(records, option):\n"
        "    a = fmean(r.final['test_error'] for r in records if r.shortcut == 'A')\n"
        "    costs = [r.final['test_error'] - a for r in records if r.shortcut == option]\n    return fmean(costs), stdev(costs)",
        "the spread of the option's runs",
    ),
    "paired_difference: seeds 0 to 2": (
        "def paired_difference(records, option):\n"
        "    errors = {(r.shortcut, r.seed): r.final['test_error'] for r in records}\n"
        "    costs = [errors[option, s] - errors['A', s] for s in range(3)]\n    return fmean(costs), stdev(costs)",
        "KeyError",
    ),
    "paired_difference: sorts the records": (
        "def paired_difference(records, option):\n    records.sort(key=lambda r: r.seed)\n" + PAIRED.split("\n", 1)[1],
        "belongs to the caller",
    ),
    "paired_difference: rounds": (but(PAIRED, "fmean(costs), stdev(costs)", "round(fmean(costs), 2), round(stdev(costs), 2)"), "rounded"),
    "paired_difference: three values": (but(PAIRED, "stdev(costs)", "stdev(costs), len(costs)"), "3 values are returned"),
    "paired_difference: the mean alone": (but(PAIRED, "fmean(costs), stdev(costs)", "fmean(costs)"), "a pair is expected"),
    "paired_difference: tensors": (but(PAIRED, "fmean(costs), stdev(costs)", "torch.tensor(costs).mean(), torch.tensor(costs).std()"), "a number is expected"),
    "paired_difference: the median": (but(PAIRED, "fmean(costs)", "sorted(costs)[len(costs) // 2]"), "of five seeds"),
    "paired_difference: the last record dropped": (but(PAIRED, "in records}", "in records[:-1]}"), "of five seeds"),
    "zero_pad: the package's": (
        "def zero_pad(x, out_channels, stride):\n    from resnet_course.networks.blocks import ZeroPadShortcut as Z\n"
        "    return Z(out_channels - x.shape[1], stride)(x)",
        "write this yourself",
    ),
    "Bottleneck: the package's": (
        "from resnet_course.networks.blocks import BottleneckBlock\n\n\nclass Bottleneck(BottleneckBlock):\n    pass",
        "write this yourself",
    ),
    "multiply_adds: the check's": (
        "def multiply_adds(conv, height, width):\n    from resnet_course.checks import shortcuts as s\n    return s.counted(conv, height, width)",
        "write this yourself",
    ),
    "shortcut_parameters: by building the package's network": (
        "def shortcut_parameters(depth, option):\n    from resnet_course.networks import models\n"
        "    named = models.cifar(depth, shortcut=option).named_parameters()\n"
        "    return sum(p.numel() for name, p in named if 'shortcut' in name)",
        "write this yourself",
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
    "    return torch.einsum('oc,nchw->nohw', new.to(x), nn.functional.max_pool2d(x, 1, stride))",
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
    "zero_pad: zeros on both sides": "def zero_pad(x, out_channels, stride):\n"
    "    x = x[:, :, ::stride, ::stride]\n    n, c, h, w = x.shape\n"
    "    zeros = torch.zeros(n, (out_channels - c) // 2, h, w, dtype=x.dtype, device=x.device)\n"
    "    return torch.cat((zeros, x, zeros), dim=1)",
    "zero_pad: pixels by their numbers": "def zero_pad(x, out_channels, stride):\n"
    "    rows = torch.arange(0, x.shape[2], stride, device=x.device)\n"
    "    columns = torch.arange(0, x.shape[3], stride, device=x.device)\n"
    "    x = x.index_select(2, rows).index_select(3, columns)\n"
    "    pad = (out_channels - x.size(1)) // 2\n"
    "    return nn.functional.pad(x, [0, 0, 0, 0, pad, out_channels - x.size(1) - pad], 'constant', 0)",
    "zero_pad: an average of one, unfolded": "def zero_pad(x, out_channels, stride):\n"
    "    n, c, h, w = x.shape\n"
    "    taken = nn.functional.unfold(x, 1, stride=stride).reshape(n, c, -(-h // stride), -(-w // stride))\n"
    "    return nn.ConstantPad3d((0, 0, 0, 0, (out_channels - c) // 2, (out_channels - c) // 2), 0.0)(taken)",
    "zero_pad: a convolution with ones and zeros": "def zero_pad(x, out_channels, stride):\n"
    "    c = x.shape[1]\n    new = (out_channels - c) // 2\n"
    "    weight = torch.eye(out_channels, dtype=x.dtype, device=x.device)[:, new : new + c]\n"
    "    return nn.functional.conv2d(x, weight[:, :, None, None], stride=stride)",
    "shortcut_kind: a table": "def shortcut_kind(option, in_channels, out_channels, stride):\n"
    "    table = {'A': ('identity', 'zero-pad'), 'B': ('identity', 'projection'), 'C': ('projection',) * 2}\n"
    "    if option not in table:\n        raise ValueError('unknown option %s' % option)\n"
    "    return table[option][int((in_channels, 1) != (out_channels, stride))]",
    "shortcut_kind: an error turned into another": "def shortcut_kind(option, in_channels, out_channels, stride):\n"
    "    stays = in_channels == out_channels and stride == 1\n    try:\n"
    "        return {'A': ['zero-pad', 'identity'], 'B': ['projection', 'identity'], 'C': ['projection', 'projection']}"
    "[option][stays]\n    except KeyError as error:\n        raise ValueError(f'no option {option}') from error",
    "shortcut_kind: an option of its own type": "def shortcut_kind(option, in_channels, out_channels, stride):\n"
    "    import enum\n\n    class Option(str, enum.Enum):\n        A = 'A'\n        B = 'B'\n        C = 'C'\n\n"
    "    option = Option(option)\n"
    "    if option is Option.C:\n        return 'projection'\n"
    "    if not (stride != 1 or in_channels != out_channels):\n        return 'identity'\n"
    "    return 'projection' if option is Option.B else 'zero-pad'",
    "Bottleneck: by einsum, everything registered backwards": """class Pointwise(nn.Module):
    def __init__(self, inside, outside, stride=1):
        super().__init__()
        self.beta = nn.Parameter(torch.zeros(outside))
        self.gamma = nn.Parameter(torch.ones(outside))
        self.register_buffer("mean", torch.zeros(outside))
        self.register_buffer("var", torch.ones(outside))
        self.weight = nn.Parameter(torch.randn(outside, inside) * inside**-0.5)
        self.stride = stride

    def forward(self, x):
        x = torch.einsum("oc,nchw->nohw", self.weight, x[:, :, :: self.stride, :: self.stride])
        return nn.functional.batch_norm(x, self.mean, self.var, self.gamma, self.beta, self.training)


class Bottleneck(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        inner = out_channels // 4
        self.up = Pointwise(inner, out_channels)
        self.middle = nn.Sequential(
            nn.Conv2d(inner, inner, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(inplace=True)
        )
        self.down = Pointwise(in_channels, inner)
        change = stride != 1 or in_channels != out_channels
        self.side = Pointwise(in_channels, out_channels, stride) if change else None

    def forward(self, x):
        h = torch.relu(self.down(x))
        h = self.up(self.middle(h))
        return nn.functional.relu(h.add_(x if self.side is None else self.side(x)))
""",
    "Bottleneck: layers in a dict and a list": "class Bottleneck(nn.Module):\n"
    "    def __init__(self, in_channels, out_channels, stride=1):\n        super().__init__()\n"
    "        q = out_channels // 4\n        shapes = [(in_channels, q, 1, 1), (q, q, 3, stride), (q, out_channels, 1, 1)]\n"
    "        self.norms = nn.ModuleList([nn.BatchNorm2d(s[1]) for s in shapes])\n"
    "        self.convs = nn.ModuleList([nn.Conv2d(a, b, k, s, k // 2, bias=False) for a, b, k, s in shapes])\n"
    "        self.extra = nn.ModuleDict()\n"
    "        if in_channels != out_channels or stride > 1:\n"
    "            self.extra['norm'] = nn.BatchNorm2d(out_channels)\n"
    "            self.extra['conv'] = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)\n\n"
    "    def forward(self, x):\n        h = x\n        for n, (conv, norm) in enumerate(zip(self.convs, self.norms)):\n"
    "            h = norm(conv(h))\n            if n < 2:\n                h = h.relu()\n"
    "        if len(self.extra):\n            x = self.extra['norm'](self.extra['conv'](x))\n"
    "        return torch.clamp_min(h + x, 0)",
    "shortcut_parameters: with NumPy": "def shortcut_parameters(depth, option):\n    import numpy as np\n"
    "    n = (depth - 2) // 6\n    out = np.repeat([16, 32, 64], n)\n    inside = np.concatenate([[16], out[:-1]])\n"
    "    cost = inside * out + 2 * out\n    chosen = {'A': out < 0, 'B': inside != out, 'C': out > 0}[option]\n"
    "    return cost[chosen].sum()",
    "shortcut_parameters: hint by hint": "def shortcut_parameters(depth, option):\n"
    "    def projection(a, b):\n        return a * b + b + b\n\n    n = (depth - 2) // 6\n"
    "    blocks = [(16, 16)] * n + [(16, 32)] + [(32, 32)] * (n - 1) + [(32, 64)] + [(64, 64)] * (n - 1)\n"
    "    if option == 'A':\n        blocks = []\n    elif option == 'B':\n"
    "        blocks = [(a, b) for a, b in blocks if a != b]\n    return sum(projection(a, b) for a, b in blocks)",
    "multiply_adds: hint by hint": "def multiply_adds(conv, height, width):\n"
    "    def after(size, axis):\n"
    "        return (size + 2 * conv.padding[axis] - conv.kernel_size[axis]) // conv.stride[axis] + 1\n\n"
    "    each_weight = after(height, 0) * after(width, 1)\n    return each_weight * conv.weight.numel()",
    "multiply_adds: on a device without data": "def multiply_adds(conv, height, width):\n"
    "    shape = (conv.in_channels, height, width)\n    weight = conv.weight.detach().to('meta')\n"
    "    out = nn.functional.conv2d(torch.empty(1, *shape, device='meta'), weight, None, conv.stride, conv.padding, 1, conv.groups)\n"
    "    a, b = conv.kernel_size\n    return out.numel() * a * b * conv.in_channels // conv.groups",
    "multiply_adds: PyTorch's counter": "def multiply_adds(conv, height, width):\n"
    "    from torch.utils.flop_counter import FlopCounterMode\n"
    "    with torch.no_grad(), FlopCounterMode(display=False) as counter:\n"
    "        conv(torch.zeros(1, conv.in_channels, height, width))\n    return counter.get_total_flops() // 2",
    "paired_difference: NumPy, sorted copies": "def paired_difference(records, option):\n    import numpy as np\n"
    "    def errors(kind):\n        chosen = [r for r in records if r.shortcut == kind]\n"
    "        return np.array([r.final['test_error'] for r in sorted(chosen, key=lambda r: r.seed)])\n\n"
    "    d = errors(option) - errors('A')\n    return d.mean(), d.std(ddof=1)",
    "paired_difference: by hand": "def paired_difference(records, option):\n    a, b = {}, {}\n"
    "    for r in records:\n        if r.shortcut == 'A':\n            a[r.seed] = r.final['test_error']\n"
    "        if r.shortcut == option:\n            b[r.seed] = r.final['test_error']\n"
    "    d = [b[s] - a[s] for s in b]\n    mean = sum(d) / len(d)\n"
    "    return [mean, (sum((x - mean) ** 2 for x in d) / (len(d) - 1)) ** 0.5]",
}
# Faults that a task cannot have: its answers are no lists, its networks have no layers with statistics.
SPARED = {
    "multiply_adds": {
        "leaves the network in training mode", "keeps only the outer module's mode", "moves statistics",
        "changes a setting of a batch norm", "swallows errors", "leaves the network in another mode after an error",
    },
}
FAMILY = {
    "zero_pad": "tensors",
    "shortcut_kind": "plain",
    "Bottleneck": "maker",
    "shortcut_parameters": "plain",
    "multiply_adds": "plain probe",
    "paired_difference": "plain lists floats",
}
