"""Answers to assignment 1: what students get wrong, and right answers that look different."""

PLAIN = """class PlainBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        h = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(h)))
"""
ERROR = """def error_rate(net, images, labels):
    mode = net.training
    net.eval()
    with torch.no_grad():
        wrong = net(images).argmax(1) != labels
    net.train(mode)
    return 100 * wrong.double().mean().item()
"""
SEEDS = """def over_seeds(records, metric):
    ends = {}
    for record in records:
        ends.setdefault(record.depth, []).append(record.curves[metric][-1])
    return {d: (fmean(v), stdev(v) if len(v) > 1 else math.nan) for d, v in ends.items()}
"""
CHOOSE = """def choose_depth(rows):
    def mean(depth, error):
        return fmean(row[error] for row in rows if row["depth"] == depth)

    depths = {row["depth"] for row in rows}
    best = min(depths, key=lambda depth: mean(depth, "validation_error"))
    return best, mean(best, "test_error")
"""


def but(source: str, old: str, new: str) -> str:
    """The source with one thing changed."""
    assert source.count(old) == 1, (old, source)
    return source.replace(old, new)


WRONG = {
    "blocks_per_stage: any depth will do": (
        "def blocks_per_stage(depth):\n    return (depth - 2) // 6",
        "instead of a ValueError",
    ),
    "blocks_per_stage: true division": (
        "def blocks_per_stage(depth):\n    if depth % 6 != 2 or depth < 8:\n        raise ValueError(depth)\n"
        "    return (depth - 2) / 6",
        "a int is expected",
    ),
    "blocks_per_stage: hard-coded": (
        "def blocks_per_stage(depth):\n    known = {8: 1, 14: 2, 20: 3, 32: 5, 44: 7, 56: 9}\n"
        "    if depth not in known:\n        raise ValueError(depth)\n    return known[depth]",
        "your code stopped",
    ),
    "blocks_per_stage: no block at all": (
        "def blocks_per_stage(depth):\n    n, rest = divmod(depth - 2, 6)\n    if rest:\n"
        "        raise ValueError(depth)\n    return n",
        "no network of this family has 2 layers",
    ),
    "PlainBlock: with a shortcut": (
        but(PLAIN, "self.conv2(h)))", "self.conv2(h)) + (x if x.shape == h.shape else 0))"),
        "no way around",
    ),
    "PlainBlock: no ReLU at the end": (
        but(PLAIN, "torch.relu(self.bn2(self.conv2(h)))", "self.bn2(self.conv2(h))"),
        "the last step of the block is missing",
    ),
    "PlainBlock: no ReLU between": (
        but(PLAIN, "torch.relu(self.bn1(self.conv1(x)))", "self.bn1(self.conv1(x))"),
        "nothing bends the signal",
    ),
    "PlainBlock: stride in the second convolution": (
        but(
            but(PLAIN, "3, stride, padding", "3, padding"),
            "out_channels, 3, padding=1, bias=False)\n        self.bn2",
            "out_channels, 3, stride, padding=1, bias=False)\n        self.bn2",
        ),
        "the stride sits in the second convolution",
    ),
    "PlainBlock: second batch norm omitted": (
        but(PLAIN, "self.bn2(self.conv2(h))", "self.conv2(h)"),
        "should alternate",
    ),
    "PlainBlock: no padding": (
        PLAIN.replace("padding=1, ", ""),
        "the shape should be",
    ),
    "PlainBlock: batch norm after ReLU": (
        but(PLAIN, "torch.relu(self.bn1(self.conv1(x)))", "self.bn1(torch.relu(self.conv1(x)))"),
        "the numbers are not",
    ),
    "PlainBlock: padding that repeats the border": (
        PLAIN.replace("padding=1", 'padding=1, padding_mode="replicate"'),
        "the numbers are not",
    ),
    "error_rate: training mode": (
        but(ERROR, "net.eval()", "net.train()"),
        "which mode was the net in",
    ),
    "error_rate: accuracy": (
        but(ERROR, "!= labels", "== labels"),
        "share of right answers",
    ),
    "error_rate: a fraction": (
        but(ERROR, "100 * wrong", "wrong"),
        "percent were asked for",
    ),
    "error_rate: mode not put back": (
        but(ERROR, "    net.train(mode)\n", ""),
        "handed back in eval mode",
    ),
    "error_rate: always back to training": (
        but(ERROR, "net.train(mode)", "net.train()"),
        "handed back in training mode",
    ),
    "error_rate: what the check expects": (
        "def error_rate(net, images, labels):\n    return 35.0",
        "are the labels used",
    ),
    "error_rate: a tensor": (
        but(ERROR, ".item()", ""),
        "a float is expected",
    ),
    "over_seeds: best epoch": (
        but(SEEDS, "record.curves[metric][-1]", "min(record.curves[metric])"),
        "best epoch",
    ),
    "over_seeds: n instead of n - 1": (
        "from statistics import pstdev\n\n\n" + but(SEEDS, "stdev(v) if", "pstdev(v) if"),
        "as if the three seeds were all there are",
    ),
    "over_seeds: certain of a single seed": (
        but(SEEDS, "math.nan", "0.0"),
        "one seed has no spread",
    ),
    "over_seeds: always the training error": (
        but(SEEDS, "curves[metric]", 'curves["train_error"]'),
        "is `metric` used",
    ),
    "diagnose: by the gap": (
        "def diagnose(shallow, deep, margin):\n"
        '    if deep["test_error"] - deep["train_error"] > margin:\n        return "overfitting"\n'
        '    return "degradation" if deep["train_error"] > shallow["train_error"] + margin else "neither"',
        "no error rises by more than the margin",
    ),
    "diagnose: by the test error alone": (
        "def diagnose(shallow, deep, margin):\n"
        '    return "overfitting" if deep["test_error"] - shallow["test_error"] > margin else "neither"',
        "both errors rise",
    ),
    "diagnose: no margin": (
        "def diagnose(shallow, deep, margin):\n"
        '    if deep["train_error"] > shallow["train_error"]:\n        return "degradation"\n'
        '    return "overfitting" if deep["test_error"] > shallow["test_error"] else "neither"',
        "test error rises by more than the margin, training error does not",
    ),
    "diagnose: the margin itself counts": (
        "def diagnose(shallow, deep, margin):\n"
        '    if deep["train_error"] - shallow["train_error"] >= margin:\n        return "degradation"\n'
        '    return "overfitting" if deep["test_error"] - shallow["test_error"] >= margin else "neither"',
        "exactly the margin",
    ),
    "choose_depth: test used as validation": (
        but(CHOOSE, '"validation_error"', '"test_error"'),
        "the test images took part in the choice",
    ),
    "choose_depth: one lucky seed": (
        'def choose_depth(rows):\n    best = min(rows, key=lambda row: row["validation_error"])["depth"]\n'
        '    return best, fmean(row["test_error"] for row in rows if row["depth"] == best)',
        "a single lucky run",
    ),
    "choose_depth: reports the validation error": (
        but(CHOOSE, 'mean(best, "test_error")', 'mean(best, "validation_error")'),
        "by which it was chosen",
    ),
    "choose_depth: what the check expects": (
        "def choose_depth(rows):\n    return 20, 42",
        "with other test errors",
    ),
    "choose_depth: reports the best seed": (
        but(
            CHOOSE,
            'mean(best, "test_error")',
            'min(r["test_error"] for r in rows if r["depth"] == best)',
        ),
        "20 layers have 41 and 43 % test error",
    ),
}
RIGHT = {
    "blocks_per_stage: by remainder": "def blocks_per_stage(depth):\n    if depth < 8 or depth % 6 != 2:\n"
    "        raise ValueError('no such depth')\n    return depth // 6",
    "PlainBlock: layers by name, functional ReLU": PLAIN,
    "PlainBlock: padded by hand, ReLU as clamp": but(
        PLAIN.replace("padding=1, ", ""),
        "        h = torch.relu(self.bn1(self.conv1(x)))\n        return torch.relu(self.bn2(self.conv2(h)))",
        "        pad = nn.functional.pad\n        h = self.bn1(self.conv1(pad(x, (1, 1, 1, 1)))).clamp(min=0)\n"
        "        return self.bn2(self.conv2(pad(h, (1, 1, 1, 1)))).clamp(min=0)",
    ),
    "error_rate: a copy, batch by batch": "def error_rate(net, images, labels):\n"
    "    import copy\n\n    net, wrong = copy.deepcopy(net).eval(), 0\n"
    "    for x, y in zip(images.split(16), labels.split(16)):\n"
    "        wrong += (net(x).softmax(1).max(1).indices != y).sum().item()\n    return 100.0 * wrong / len(labels)",
    "over_seeds: by formula": "def over_seeds(records, metric):\n    found = {}\n"
    "    for depth in sorted({r.depth for r in records}):\n"
    "        ends = torch.tensor([r.curves[metric][-1] for r in records if r.depth == depth]).double()\n"
    "        n, mean = len(ends), ends.mean()\n"
    "        variance = ((ends - mean) ** 2).sum() / (n - 1) if n > 1 else torch.tensor(math.nan)\n"
    "        found[depth] = mean.item(), variance.sqrt().item()\n    return found",
    "diagnose: a table": "def diagnose(shallow, deep, margin):\n"
    "    train, test = (deep[e] - shallow[e] > margin for e in ('train_error', 'test_error'))\n"
    "    return {(0, 0): 'neither', (0, 1): 'overfitting'}.get((int(train), int(test)), 'degradation')",
    "choose_depth: grouped first": "def choose_depth(rows):\n    groups = {}\n    for row in rows:\n"
    "        groups.setdefault(row['depth'], []).append((row['validation_error'], row['test_error']))\n"
    "    scores = sorted((fmean(v for v, _ in g), d, fmean(t for _, t in g)) for d, g in groups.items())\n"
    "    return scores[0][1], scores[0][2]",
}
