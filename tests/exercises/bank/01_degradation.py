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
OWN = """def error_rate(net, images, labels):
    own = copy.deepcopy(net).eval()
    with torch.no_grad():
        wrong = own(images).argmax(1) != labels
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
        "instead of raising a ValueError",
    ),
    "blocks_per_stage: true division": (
        "def blocks_per_stage(depth):\n    if depth % 6 != 2 or depth < 8:\n        raise ValueError(depth)\n"
        "    return (depth - 2) / 6",
        "an int is expected",
    ),
    "blocks_per_stage: hard-coded": (
        "def blocks_per_stage(depth):\n    known = {8: 1, 14: 2, 20: 3, 32: 5, 44: 7, 56: 9}\n"
        "    if depth not in known:\n        raise ValueError(depth)\n    return known[depth]",
        "stops in line",
    ),
    "blocks_per_stage: no block at all": (
        "def blocks_per_stage(depth):\n    n, rest = divmod(depth - 2, 6)\n    if rest:\n"
        "        raise ValueError(depth)\n    return n",
        "no network of this family has 2 layers",
    ),
    "PlainBlock: with a shortcut": (
        but(PLAIN, "self.conv2(h)))", "self.conv2(h)) + (x if x.shape == h.shape else 0))"),
        "a plain block has no shortcut",
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
        "layers are made and not used",
    ),
    "PlainBlock: no padding": (
        PLAIN.replace("padding=1, ", ""),
        "the shape should be",
    ),
    "PlainBlock: batch norm after ReLU": (
        but(PLAIN, "torch.relu(self.bn1(self.conv1(x)))", "self.bn1(torch.relu(self.conv1(x)))"),
        "the ReLU stands before the batch norm",
    ),
    "PlainBlock: padding that repeats the border": (
        PLAIN.replace("padding=1", 'padding=1, padding_mode="replicate"'),
        "do not pad with zeros (replicate)",
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
        "is left in eval mode",
    ),
    "error_rate: always back to training": (
        but(ERROR, "net.train(mode)", "net.train()"),
        "is left in training mode",
    ),
    "error_rate: what the check expects": (
        "def error_rate(net, images, labels):\n    return 31.0",
        "answers are wrong, and you return",
    ),
    "error_rate: a tensor": (
        but(ERROR, ".item()", ""),
        "a Python float is expected",
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
        but(CHOOSE, 'mean(best, "test_error")', 'min(r["test_error"] for r in rows if r["depth"] == best)'),
        "this is the best run of the chosen depth",
    ),
    "blocks_per_stage: only whole halves": (
        "def blocks_per_stage(depth):\n    if (depth - 2) % 3 or depth < 8:\n        raise ValueError(depth)\n    return (depth - 2) // 6",
        "no network of this family has",
    ),
    "blocks_per_stage: another error": (
        "def blocks_per_stage(depth):\n    n, rest = divmod(depth - 2, 6)\n    assert rest == 0 and n > 0\n    return n",
        "a ValueError is asked for",
    ),
    "blocks_per_stage: up to 110": (
        "def blocks_per_stage(depth):\n    if depth % 6 != 2 or not 8 <= depth <= 110:\n        raise ValueError(depth)\n    return depth // 6",
        "blocks_per_stage(1202) stops",
    ),
    "blocks_per_stage: negative depths": (
        "def blocks_per_stage(depth):\n    n, rest = divmod(abs(depth) - 2, 6)\n    if rest or n < 1:\n        raise ValueError(depth)\n    return n",
        "no network of this family has",
    ),
    "blocks_per_stage: rounds": (
        "def blocks_per_stage(depth):\n    if depth < 8:\n        raise ValueError(depth)\n    return round((depth - 2) / 6)",
        "no network of this family has 9 layers",
    ),
    "blocks_per_stage: both layers of each block": (
        "def blocks_per_stage(depth):\n    if depth % 6 != 2 or depth < 8:\n        raise ValueError(depth)\n    return (depth - 2) // 3",
        "blocks a stage make a network of",
    ),
    "blocks_per_stage: the package's": (
        "def blocks_per_stage(depth):\n    from resnet_course.networks import models\n    return models.blocks_per_stage(depth)",
        "write this yourself",
    ),
    "blocks_per_stage: an error of the wrong kind is printed": (
        "def blocks_per_stage(depth):\n    if depth % 6 != 2 or depth < 8:\n        print('ValueError')\n        return None\n    return depth // 6",
        "you return None instead of raising",
    ),
    "PlainBlock: a bias": (but(PLAIN, "stride, padding=1, bias=False", "stride, padding=1"), "has a bias"),
    "PlainBlock: the same convolution twice": (
        but(PLAIN, "self.conv2(h)", "self.conv1(h)"),
        "PlainBlock(4, 6, 2)",
    ),
    "PlainBlock: the same batch norm twice": (but(PLAIN, "self.bn2(", "self.bn1("), "layers are made and not used"),
    "PlainBlock: one batch norm for both": (
        but(PLAIN, "self.bn2 = nn.BatchNorm2d(out_channels)", "self.bn2 = self.bn1"),
        "share their parameters",
    ),
    "PlainBlock: a kernel of 1": (
        but(PLAIN, "out_channels, out_channels, 3, padding=1", "out_channels, out_channels, 1"),
        "another size",
    ),
    "PlainBlock: leaky": (PLAIN.replace("torch.relu(", "nn.functional.leaky_relu("), "something else"),
    "PlainBlock: GELU at the end": (
        but(PLAIN, "return torch.relu(", "return nn.functional.gelu("),
        "another function than ReLU comes last (GELU)",
    ),
    "PlainBlock: dropout": (
        but(PLAIN, "        return torch.relu", "        h = nn.functional.dropout(h, 0.2, self.training)\n        return torch.relu"),
        "each time",
    ),
    "PlainBlock: detached in the middle": (
        but(PLAIN, "self.conv2(h)", "self.conv2(h.detach())"),
        "no gradient",
    ),
    "PlainBlock: a ReLU in place on the input": (
        but(PLAIN, "        h = ", "        x = torch.relu_(x)\n        h = "),
        "in place",
    ),
    "PlainBlock: with a shortcut before the ReLU": (
        but(PLAIN, "torch.relu(self.bn2(self.conv2(h)))", "torch.relu(self.bn2(self.conv2(h)) + (x if x.shape == h.shape else 0))"),
        "a plain block has no shortcut",
    ),
    "PlainBlock: the package's residual block": (
        "from resnet_course.networks.blocks import ResidualBlock\n\n\nclass PlainBlock(ResidualBlock):\n    pass",
        "write this yourself",
    ),
    "PlainBlock: the package's": (
        "from resnet_course.networks import blocks\n\n\ndef PlainBlock(*shape):\n    return blocks.PlainBlock(*shape)",
        "write this yourself",
    ),
    "PlainBlock: group norm": (
        PLAIN.replace("nn.BatchNorm2d(", "nn.GroupNorm(1, "),
        "something else",
    ),
    "PlainBlock: no statistics kept": (
        PLAIN.replace("nn.BatchNorm2d(out_channels)", "nn.BatchNorm2d(out_channels, track_running_stats=False)"),
        "in eval mode batch norms",
    ),
    "PlainBlock: three layers": (
        but(PLAIN, "        h = torch.relu", "        x = torch.relu(self.bn0(self.conv0(x)))\n        h = torch.relu").replace(
            "        self.conv1 =", "        self.conv0 = nn.Conv2d(in_channels, in_channels, 3, padding=1, bias=False)\n"
            "        self.bn0 = nn.BatchNorm2d(in_channels)\n        self.conv1 ="),
        "too many convolutions",
    ),
    "error_rate: restores the outer mode alone": (ERROR, "a part whose mode differs"),
    "error_rate: not after an error": (
        "def error_rate(net, images, labels):\n    modes = [(m, m.training) for m in net.modules()]\n    net.eval()\n"
        "    with torch.no_grad():\n        wrong = net(images).argmax(1) != labels\n"
        "    for m, mode in modes:\n        m.training = mode\n    return 100 * wrong.double().mean().item()",
        "after an error inside",
    ),
    "error_rate: rounded": (but(OWN, "100 * wrong.double().mean().item()", "round(100 * wrong.double().mean().item(), 1)"), "rounded"),
    "error_rate: in whole percent": (but(OWN, "100 * wrong.double().mean().item()", "float(int(100 * wrong.double().mean().item()))"), "answers are wrong"),
    "error_rate: the last batch dropped": (
        "def error_rate(net, images, labels):\n    own, wrong, n = copy.deepcopy(net).eval(), 0, 0\n"
        "    for k in range(0, len(images) - 15, 16):\n        with torch.no_grad():\n"
        "            wrong += (own(images[k : k + 16]).argmax(1) != labels[k : k + 16]).sum().item()\n        n += 16\n"
        "    return 100 * wrong / max(n, 1)",
        "only the first 80 images",
    ),
    "error_rate: at most a hundred images": (but(OWN, "own(images).argmax(1) != labels", "own(images[:100]).argmax(1) != labels[:100]"), "only the first 100 images"),
    "error_rate: the smallest logit": (but(OWN, "argmax(1)", "argmin(1)"), "smallest logit"),
    "error_rate: the mean over batches": (
        "def error_rate(net, images, labels):\n    own = copy.deepcopy(net).eval()\n    shares = []\n"
        "    for x, y in zip(images.split(32), labels.split(32)):\n        with torch.no_grad():\n"
        "            shares.append((own(x).argmax(1) != y).double().mean().item())\n    return 100 * fmean(shares)",
        "answers are wrong",
    ),
    "error_rate: of ten classes": (but(OWN, "(images).argmax", "(images)[:, :10].argmax"), "answers are wrong"),
    "error_rate: a number of errors": (but(OWN, "100 * wrong.double().mean().item()", "float(wrong.sum())"), "a number of images"),
    "error_rate: by the top two": (but(OWN, "own(images).argmax(1) != labels", "~(own(images).topk(2).indices == labels[:, None]).any(1)"), "answers are wrong"),
    "error_rate: gradients off for good": (but(OWN, "    own =", "    torch.set_grad_enabled(False)\n    own ="), "gradients stay switched off"),
    "over_seeds: population, by formula": (
        but(SEEDS, "stdev(v) if len(v) > 1 else math.nan", "(sum((x - fmean(v)) ** 2 for x in v) / len(v)) ** 0.5 if len(v) > 1 else math.nan"),
        "as if the three seeds were all there are",
    ),
    "over_seeds: variance": (but(SEEDS, "stdev(v) if", "stdev(v) ** 2 if"), "this is the variance"),
    "over_seeds: standard error": (but(SEEDS, "stdev(v) if", "stdev(v) / len(v) ** 0.5 if"), "standard error"),
    "over_seeds: a mean over epochs": (but(SEEDS, "record.curves[metric][-1]", "fmean(record.curves[metric])"), "a mean over all epochs"),
    "over_seeds: first epoch": (but(SEEDS, "[-1]", "[0]"), "the first epoch"),
    "over_seeds: the third epoch": (but(SEEDS, "[-1]", "[2]"), "IndexError"),
    "over_seeds: None for a single run": (but(SEEDS, "math.nan", "None"), "return nan"),
    "over_seeds: text for a single run": (but(SEEDS, "math.nan", "'nan'"), "return nan"),
    "over_seeds: single runs left out": (but(SEEDS, "ends.items()}", "ends.items() if len(v) > 1}"), "lacks keys"),
    "over_seeds: sorts the curves": (but(SEEDS, ".append(record.curves[metric][-1])", ".append(sorted(record.curves[metric])[0])"), "best epoch"),
    "over_seeds: pops the last epoch": (but(SEEDS, "record.curves[metric][-1]", "record.curves[metric].pop()"), "belongs to the caller"),
    "over_seeds: sorts the records": (but(SEEDS, "    ends = {}\n", "    ends = {}\n    records.sort(key=lambda r: r.depth)\n"), "belongs to the caller"),
    "over_seeds: keys of text": (but(SEEDS, "record.depth,", "str(record.depth),"), "lacks keys"),
    "over_seeds: by depth and seed": (but(SEEDS, "record.depth,", "(record.depth, record.seed),"), "lacks keys"),
    "over_seeds: the mean alone": (but(SEEDS, "(fmean(v), stdev(v) if len(v) > 1 else math.nan)", "fmean(v)"), "a pair is expected"),
    "over_seeds: rounded": (but(SEEDS, "fmean(v), stdev", "round(fmean(v), 1), stdev"), "rounded"),
    "over_seeds: the median": (but(SEEDS, "fmean(v), stdev", "sorted(v)[len(v) // 2], stdev"), "the worst run, or the last"),
    "over_seeds: runs of one depth must stand together": (
        "def over_seeds(records, metric):\n    from itertools import groupby\n"
        "    groups = {d: [r.curves[metric][-1] for r in g] for d, g in groupby(records, key=lambda r: r.depth)}\n"
        "    return {d: (fmean(v), stdev(v) if len(v) > 1 else math.nan) for d, v in groups.items()}",
        "your mean is",
    ),
    "diagnose: ratios": (
        "def diagnose(shallow, deep, margin):\n"
        "    if deep['train_error'] / max(shallow['train_error'], 1e-9) > 1 + margin / 100:\n        return 'degradation'\n"
        "    return 'overfitting' if deep['test_error'] / max(shallow['test_error'], 1e-9) > 1 + margin / 100 else 'neither'",
        "you say",
    ),
    "diagnose: sizes of changes": (
        "def diagnose(shallow, deep, margin):\n"
        "    if abs(deep['train_error'] - shallow['train_error']) > margin:\n        return 'degradation'\n"
        "    return 'overfitting' if abs(deep['test_error'] - shallow['test_error']) > margin else 'neither'",
        "training error falls while test error rises",
    ),
    "diagnose: test first": (
        "def diagnose(shallow, deep, margin):\n"
        "    if deep['test_error'] - shallow['test_error'] > margin:\n        return 'overfitting'\n"
        "    return 'degradation' if deep['train_error'] - shallow['train_error'] > margin else 'neither'",
        "both errors rise",
    ),
    "diagnose: both must rise": (
        "def diagnose(shallow, deep, margin):\n"
        "    train, test = (deep[k] - shallow[k] > margin for k in ('train_error', 'test_error'))\n"
        "    return 'degradation' if train and test else 'overfitting' if test else 'neither'",
        "test error does not",
    ),
    "diagnose: training must fall to overfit": (
        "def diagnose(shallow, deep, margin):\n"
        "    train, test = (deep[k] - shallow[k] for k in ('train_error', 'test_error'))\n"
        "    return 'degradation' if train > margin else 'overfitting' if test > margin and train < 0 else 'neither'",
        "training error does not",
    ),
    "diagnose: a margin of its own": (
        "def diagnose(shallow, deep, margin):\n"
        "    if deep['train_error'] - shallow['train_error'] > 5:\n        return 'degradation'\n"
        "    return 'overfitting' if deep['test_error'] - shallow['test_error'] > 5 else 'neither'",
        "than this margin",
    ),
    "diagnose: large letters": (
        "def diagnose(shallow, deep, margin):\n"
        "    if deep['train_error'] - shallow['train_error'] > margin:\n        return 'Degradation'\n"
        "    return 'Overfitting' if deep['test_error'] - shallow['test_error'] > margin else 'Neither'",
        "is none of",
    ),
    "diagnose: falls through": (
        "def diagnose(shallow, deep, margin):\n"
        "    if deep['train_error'] - shallow['train_error'] > margin:\n        return 'degradation'\n"
        "    if deep['test_error'] - shallow['test_error'] > margin:\n        return 'overfitting'",
        "is there a `return`",
    ),
    "diagnose: changes the dicts": (
        "def diagnose(shallow, deep, margin):\n    for key in ('train_error', 'test_error'):\n        deep[key] -= shallow[key]\n"
        "    if deep['train_error'] > margin:\n        return 'degradation'\n"
        "    return 'overfitting' if deep['test_error'] > margin else 'neither'",
        "belongs to the caller",
    ),
    "diagnose: shallow and deep exchanged": (
        "def diagnose(shallow, deep, margin):\n"
        "    if shallow['train_error'] - deep['train_error'] > margin:\n        return 'degradation'\n"
        "    return 'overfitting' if shallow['test_error'] - deep['test_error'] > margin else 'neither'",
        "both errors rise",
    ),
    "diagnose: whole points": (
        "def diagnose(shallow, deep, margin):\n"
        "    train, test = (int(deep[k]) - int(shallow[k]) for k in ('train_error', 'test_error'))\n"
        "    return 'degradation' if train > margin else 'overfitting' if test > margin else 'neither'",
        "without a margin",
    ),
    "choose_depth: sums": (but(CHOOSE, "return fmean(row", "return sum(row").replace("mean(best, \"test_error\")", "fmean(r['test_error'] for r in rows if r['depth'] == best)"), "not sums"),
    "choose_depth: the worst depth": (but(CHOOSE, "best = min(", "best = max("), "layers"),
    "choose_depth: medians": (
        "def choose_depth(rows):\n    from statistics import median\n    depths = {r['depth'] for r in rows}\n"
        "    best = min(depths, key=lambda d: median(r['validation_error'] for r in rows if r['depth'] == d))\n"
        "    return best, fmean(r['test_error'] for r in rows if r['depth'] == best)",
        "one bad run of three",
    ),
    "choose_depth: mean of everything": (but(CHOOSE, 'mean(best, "test_error")', 'fmean(row["test_error"] for row in rows)'), "over all depths"),
    "choose_depth: both errors choose": (
        but(CHOOSE, 'key=lambda depth: mean(depth, "validation_error")', 'key=lambda depth: mean(depth, "validation_error") + mean(depth, "test_error")'),
        "took part in the choice",
    ),
    "choose_depth: the first seed": (
        "def choose_depth(rows):\n    firsts = [r for r in rows if r['seed'] == 0]\n"
        "    best = min(firsts, key=lambda r: r['validation_error'])\n    return best['depth'], best['test_error']",
        "a single lucky run",
    ),
    "choose_depth: exchanged": (but(CHOOSE, 'best, mean(best, "test_error")', 'mean(best, "test_error"), best'), "should be one of the depths"),
    "choose_depth: the depth alone": (but(CHOOSE, 'best, mean(best, "test_error")', 'best'), "a pair is expected"),
    "choose_depth: three values": (but(CHOOSE, 'best, mean(best, "test_error")', 'best, mean(best, "test_error"), 0'), "3 values are returned"),
    "choose_depth: sorts the rows": (but(CHOOSE, "    depths = ", "    rows.sort(key=lambda r: r['validation_error'])\n    depths = "), "belongs to the caller"),
    "choose_depth: rounds": (but(CHOOSE, 'best, mean(best, "test_error")', 'best, round(mean(best, "test_error"))'), "rounded"),
    "choose_depth: rounds the choice": (but(CHOOSE, "return fmean(row[error]", "return 2 * (fmean(row[error]").replace('if row["depth"] == depth)', 'if row["depth"] == depth) // 2)'), "rounded"),
    "choose_depth: at most 20 layers": (but(CHOOSE, '{row["depth"] for row in rows}', '{row["depth"] for row in rows if row["depth"] <= 20}'), "one bad run of three"),
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
    "blocks_per_stage: a search": "def blocks_per_stage(depth):\n"
    "    for n in range(1, depth):\n        if 6 * n + 2 == depth:\n            return n\n"
    "    raise ValueError(f'no network has {depth} layers')",
    "blocks_per_stage: NumPy": "def blocks_per_stage(depth):\n    import numpy as np\n"
    "    n = np.int64(depth - 2) // 6\n    if n <= 0 or 6 * n + 2 != depth:\n        raise ValueError(depth)\n    return int(n)",
    "PlainBlock: one function of layers, registered backwards": """class PlainBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.second = self.layer(out_channels, out_channels, 1)
        self.first = self.layer(in_channels, out_channels, stride)

    @staticmethod
    def layer(a, b, stride):
        norm = nn.BatchNorm2d(b)
        return nn.Sequential(nn.Conv2d(a, b, (3, 3), (stride, stride), 1, bias=False), norm, nn.ReLU(inplace=True))

    def forward(self, x):
        return self.second(self.first(x))
""",
    "PlainBlock: by unfold and matrices": """class Layer(nn.Module):
    def __init__(self, a, b, stride):
        super().__init__()
        self.norm = nn.BatchNorm2d(b)
        self.kernel = nn.Parameter(torch.randn(b, 9 * a) / (9 * a) ** 0.5)
        self.stride = stride

    def forward(self, x):
        n, _, h, w = x.shape
        columns = nn.functional.unfold(x, 3, padding=1, stride=self.stride)
        out = torch.einsum("oc,ncl->nol", self.kernel, columns)
        return self.norm(out.reshape(n, -1, (h - 1) // self.stride + 1, (w - 1) // self.stride + 1)).relu()


class PlainBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.layers = nn.ModuleList([Layer(in_channels, out_channels, stride), Layer(out_channels, out_channels, 1)])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
""",
    "PlainBlock: functions kept in lambdas": """class PlainBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.c = nn.ModuleList([
            nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False),
            nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)])
        self.n = nn.ModuleList([nn.BatchNorm2d(out_channels) for _ in range(2)])
        self.layer = lambda k, x: nn.functional.relu(self.n[k](self.c[k](x)))
        self.forward = lambda x: self.layer(1, self.layer(0, x))
""",
    "error_rate: modes put back, whatever happens": "def error_rate(net, images, labels):\n"
    "    modes = [(m, m.training) for m in net.modules()]\n    try:\n        net.eval()\n"
    "        with torch.inference_mode():\n            right = net(images).max(dim=1)[1].eq(labels).sum().item()\n"
    "    finally:\n        for m, mode in modes:\n            m.training = mode\n"
    "    return 100.0 - 100.0 * right / len(labels)",
    "error_rate: NumPy": "def error_rate(net, images, labels):\n    import numpy as np\n"
    "    twin = copy.deepcopy(net)\n    twin.train(False)\n"
    "    logits = twin(images).detach().cpu().numpy()\n"
    "    return float(np.mean(np.argmax(logits, axis=-1) != labels.numpy())) * 100",
    "error_rate: one image after the other": "def error_rate(net, images, labels):\n"
    "    own, wrong = copy.deepcopy(net), 0\n    own.eval()\n"
    "    for image, label in zip(images, labels):\n        with torch.no_grad():\n"
    "            scores = own(image[None])[0].tolist()\n"
    "        wrong += scores.index(max(scores)) != int(label)\n    return wrong / len(images) * 100",
    "over_seeds: NumPy": "def over_seeds(records, metric):\n    import warnings\n\n    import numpy as np\n"
    "    depths = np.array([r.depth for r in records])\n    last = np.array([r.curves[metric][-1] for r in records], float)\n"
    "    found = {}\n    for d in np.unique(depths):\n        v = last[depths == d]\n"
    "        with warnings.catch_warnings():\n            warnings.simplefilter('ignore')\n"
    "            found[d] = (v.mean(), v.std(ddof=1))\n    return found",
    "over_seeds: a default dict and lists": "def over_seeds(records, metric):\n    from collections import defaultdict\n"
    "    values = defaultdict(list)\n    for r in records:\n        *_, last = r.curves[metric]\n        values[r.depth] += [last]\n"
    "    return {d: [sum(v) / len(v), stdev(v) if v[1:] else float('nan')] for d, v in values.items()}",
    "diagnose: match": "def diagnose(shallow, deep, margin):\n"
    "    match [deep[k] > shallow[k] + margin for k in ('train_error', 'test_error')]:\n"
    "        case [True, _]:\n            return 'degradation'\n        case [_, True]:\n            return 'overfitting'\n"
    "    return 'neither'",
    "choose_depth: NumPy": "def choose_depth(rows):\n    import numpy as np\n"
    "    table = np.array([[r['depth'], r['validation_error'], r['test_error']] for r in rows])\n"
    "    depths = np.unique(table[:, 0])\n    means = np.array([table[table[:, 0] == d].mean(0) for d in depths])\n"
    "    depth, _, test = means[means[:, 1].argmin()]\n    return int(depth), test",
    "choose_depth: running sums": "def choose_depth(rows):\n    total = {}\n    for row in rows:\n"
    "        n, v, t = total.get(row['depth'], (0, 0, 0))\n"
    "        total[row['depth']] = (n + 1, v + row['validation_error'], t + row['test_error'])\n"
    "    best = None\n    for depth, (n, v, t) in total.items():\n"
    "        if best is None or v / n < best[0]:\n            best = (v / n, depth, t / n)\n    return best[1:]",
}
# Faults that a task cannot have: its answers are given no lists.
SPARED = {"diagnose": {"turns a list of the caller's around"}}
FAMILY = {
    "blocks_per_stage": "plain",
    "PlainBlock": "maker",
    "error_rate": "plain probe floats",
    "over_seeds": "plain lists floats",
    "diagnose": "plain lists",
    "choose_depth": "plain lists",
}
