"""Answers to assignment 9: what students get wrong, and right answers that look different."""

from functools import partial

from tests.exercises.mutations import solution, swap

TASKS = [
    "stages",
    "scheduler",
    "loader",
    "reported",
    "shortcut",
    "finish",
    "load",
    "updates",
    "mend_stem",
    "accepts",
]
stages, scheduler, loader, reported, shortcut, finish, load, updates, mend_stem, accepts = (
    partial(swap, solution("09_bug_museum", task)) for task in TASKS
)

WRONG = {
    "stages: as in the exhibit": (
        stages(("stage > 0 and number == 0", "stage == 0 and number == 0")),
        "the very first block",
    ),
    "stages: every stage halves": (
        stages(("stage > 0 and number == 0", "number == 0")),
        "the very first block",
    ),
    "stages: every later block halves": (
        stages(("stage > 0 and number == 0", "stage > 0")),
        "no other",
    ),
    "stages: the last block of a stage halves": (
        stages(("stage > 0 and number == 0", "stage < 2 and number == count - 1")),
        "no other",
    ),
    "stages: channels stay": (stages(("width * 2**stage", "width")), "4 times the width"),
    "stages: stride from the channels": (
        stages(("if stage > 0 and number == 0", "if number == 1")),
        "no other",
    ),
    "scheduler: as in the exhibit": (
        """
def scheduler(optimizer, warm_up, drops):
    plan = lr_scheduler.MultiStepLR(optimizer, drops, gamma=0.1)
    for group in optimizer.param_groups:
        group["lr"] *= 0.1
    return plan
""",
        "the warm-up is over at step 3",
    ),
    "scheduler: drops counted from the end of the warm-up": (
        """
def scheduler(optimizer, warm_up, drops):
    first = lr_scheduler.ConstantLR(optimizer, 0.1, total_iters=10**6)
    then = lr_scheduler.MultiStepLR(optimizer, drops, gamma=0.1)
    return lr_scheduler.SequentialLR(optimizer, [first, then], [warm_up])
""",
        "count from the first step",
    ),
    "scheduler: one step too long": (
        scheduler(("step < warm_up", "step <= warm_up")),
        "the warm-up is over at step 3",
    ),
    "scheduler: no warm-up": (
        scheduler(("0.1 if step < warm_up else ", "")),
        "a tenth of the rate",
    ),
    "scheduler: a rate instead of a factor": (
        scheduler(("0.1 if step < warm_up", "0.01 if step < warm_up")),
        "a tenth of the rate",
    ),
    "scheduler: the same rate for every group": (
        scheduler(
            (
                "    def factor",
                '    optimizer.param_groups[-1]["lr"] = optimizer.param_groups[0]["lr"]\n\n    def factor',
            )
        ),
        "its own rate",
    ),
    "scheduler: a warm-up of no steps cuts the rate all the same": (
        """
def scheduler(optimizer, warm_up, drops):
    flat = lr_scheduler.LambdaLR(optimizer, lambda step: 0.1)
    steps = lr_scheduler.MultiStepLR(optimizer, [d - warm_up for d in drops])
    return lr_scheduler.SequentialLR(optimizer, [flat, steps], [warm_up]) if warm_up else steps
""",
        "without a warm-up",
    ),
    "scheduler: drops once": (scheduler(("sum(step", "any(step")), "drops at 6 and 8"),
    "loader: as in the exhibit": (
        """
def loader(dataset, batch_size, seed):
    sampler = DistributedSampler(dataset, num_replicas=1, rank=0, shuffle=True, seed=seed)
    return DataLoader(dataset, batch_size, sampler=sampler)
""",
        "two epochs have the same order",
    ),
    "loader: not shuffled": (
        "def loader(dataset, batch_size, seed):\n    return DataLoader(dataset, batch_size)\n",
        "nothing is shuffled",
    ),
    "loader: without the seed": (
        loader((", generator=generator", "")),
        "of the same seed go through different orders",
    ),
    "loader: always the same seed": (
        loader(("manual_seed(seed)", "manual_seed(0)")),
        "of different seeds",
    ),
    "loader: drops the rest": (
        loader(("shuffle=True", "shuffle=True, drop_last=True")),
        "come in an epoch",
    ),
    "loader: draws with replacement": (
        loader(
            (
                "shuffle=True, generator=generator",
                "sampler=torch.utils.data.RandomSampler(dataset, replacement=True, generator=generator)",
            )
        ),
        "come twice",
    ),
    "loader: seeds the world": (
        loader(
            (
                "generator = torch.Generator().manual_seed(seed)",
                "generator = None\n    torch.manual_seed(seed)",
            )
        ),
        "of the same seed go through different orders",
    ),
    "reported: as in the exhibit": (
        reported(("test[validation.index(min(validation))]", "min(test)")),
        "the test set chose",
    ),
    "reported: the validation error": (
        reported(("test[validation.index(min(validation))]", "min(validation)")),
        "validation error",
    ),
    "reported: the last epoch": (
        reported(("test[validation.index(min(validation))]", "test[-1]")),
        "the test set chose",
    ),
    "reported: the best test error of the equal ones": (
        reported(
            (
                "return test[validation.index(min(validation))]",
                "return min(t for v, t in zip(validation, test) if v == min(validation))",
            )
        ),
        "take the earliest",
    ),
    "reported: the worst epoch": (
        reported(("min(validation)", "max(validation)")),
        "the epoch is not the one",
    ),
    "reported: the better of both": (
        reported(
            (
                "test[validation.index(min(validation))]",
                "test[validation.index(min(validation))] if min(validation) > 1 else min(test)",
            )
        ),
        "choose badly",
    ),
    "shortcut: option B": (
        """
def shortcut(in_channels, out_channels, stride):
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return nn.Sequential(blocks.conv1x1(in_channels, out_channels, stride), nn.BatchNorm2d(out_channels))
""",
        "still a projection",
    ),
    "shortcut: a frozen projection": (
        """
def shortcut(in_channels, out_channels, stride):
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return blocks.conv1x1(in_channels, out_channels, stride).requires_grad_(False)
""",
        "still a projection",
    ),
    "shortcut: all zeros behind": (
        shortcut(("half, half)", "0, 2 * half)")),
        "behind the old ones",
    ),
    "shortcut: mean instead of every second pixel": (
        shortcut(("x[:, :, ::stride, ::stride]", "nn.functional.avg_pool2d(x, stride)")),
        "every second pixel as it is",
    ),
    "shortcut: the other pixels": (
        shortcut(
            ("x[:, :, ::stride, ::stride]", "x[:, :, stride - 1 :: stride, stride - 1 :: stride]")
        ),
        "every second pixel as it is",
    ),
    "shortcut: pads with ones": (
        shortcut(("half, half))", "half, half), value=1.0)")),
        "pad channels by 0",
    ),
    "shortcut: no stride": (shortcut(("x[:, :, ::stride, ::stride]", "x")), "the shape should be"),
    "finish: a ReLU only": (
        finish(("nn.BatchNorm2d(net.head.in_features), nn.ReLU()", "nn.ReLU()")),
        "their size as it is",
    ),
    "finish: a batch norm only": (finish((", nn.ReLU())", ")")), "normalised, not activated"),
    "finish: ReLU first": (
        finish(
            (
                "nn.BatchNorm2d(net.head.in_features), nn.ReLU()",
                "nn.ReLU(), nn.BatchNorm2d(net.head.in_features)",
            )
        ),
        "relu(batch norm(last sum))",
    ),
    "finish: on the head": (
        finish(
            (
                "net.stages.append(nn.Sequential(nn.BatchNorm2d(net.head.in_features), nn.ReLU()))",
                "net.head = nn.Sequential(nn.BatchNorm1d(net.head.in_features), nn.ReLU(), net.head)",
            )
        ),
        "features are still negative",
    ),
    "finish: another network": (
        "def finish(net):\n    return models.cifar(8, width=4, variant='full-preactivation')\n",
        "in place and return it",
    ),
    "finish: the last stage goes": (
        finish(
            (
                "net.stages.append(nn.Sequential(",
                "net.stages[-1] = nn.Sequential(net.stages[-1][:0], nn.Sequential(",
            ),
            ("nn.ReLU()))", "nn.ReLU()))"),
        ),
        "your code stopped",
    ),
    "finish: does nothing": ("def finish(net):\n    return net\n", "features are still negative"),
    "load: as in the exhibit": (
        "def load(net, weights):\n    net.load_state_dict(weights, strict=False)\n    return net\n",
        "0 of 4 tensors",
    ),
    "load: strips, and is not strict": (
        load(("weights.items()}", "weights.items()}, strict=False")),
        "without an error",
    ),
    "load: strict, and strips nothing": (
        load(('.removeprefix("module.")', "")),
        "your code stopped",
    ),
    "load: strips inside names": (
        load(('removeprefix("module.")', 'replace("module.", "")')),
        "your code stopped",
    ),
    "load: strips seven letters": (
        load(('name.removeprefix("module.")', "name[7:]")),
        "your code stopped",
    ),
    "load: changes the dictionary": (
        """
def load(net, weights):
    for name in list(weights):
        weights[name.removeprefix("module.")] = weights.pop(name)
    net.load_state_dict(weights)
    return net
""",
        "dictionary of weights has changed",
    ),
    "load: returns what load_state_dict returns": (
        load(("    net.load_state_dict(", "    return net.load_state_dict(")),
        "a Module is expected",
    ),
    "load: only what is there": (
        """
def load(net, weights):
    own = net.state_dict()
    own.update({n.removeprefix("module."): t for n, t in weights.items() if n.removeprefix("module.") in own})
    net.load_state_dict(own)
    return net
""",
        "without an error",
    ),
    "updates: counts forward passes": (
        """
def updates(net, step):
    counts = {n: 0 for n, m in net.named_modules() if isinstance(m, nn.BatchNorm2d)}

    def count(name):
        def hook(*_):
            counts[name] += 1
        return hook

    with probes.preserve_state(net), probes.hooked([net.get_submodule(n).register_forward_hook(count(n)) for n in counts]):
        step(net)
    return counts
""",
        "in eval mode and one that never ran",
    ),
    "updates: since the beginning": (updates((" - before[n]", "")), "3 times and once"),
    "updates: moves the buffers": (
        updates(("with probes.preserve_state(net):", "if True:")),
        "not what they were before",
    ),
    "updates: not after an error": (
        updates(
            (
                "    with probes.preserve_state(net):\n        step(net)\n        return {",
                "    kept = {n: b.clone() for n, b in net.named_buffers()}\n    step(net)\n    found = {",
            ),
            (
                "for n, m in norms.items()}\n    ### END",
                "for n, m in norms.items()}\n    for n, b in net.named_buffers():\n        b.copy_(kept[n])\n    return found\n    ### END",
            ),
        ),
        "after an error",
    ),
    "updates: steps twice": (
        updates(("        step(net)\n", "        step(net)\n        step(net)\n")),
        "it ran 2 times",
    ),
    "updates: whether, not how often": (
        updates(("- before[n] for", "> before[n] for")),
        "3 times and once",
    ),
    "updates: reads too late": (
        updates(
            ("        step(net)\n        return {", "        step(net)\n    return {"),
        ),
        "3 times and once",
    ),
    "mend_stem: keeps the pooling": (
        mend_stem(
            (
                "nn.BatchNorm2d(channels), nn.ReLU())",
                "nn.BatchNorm2d(channels), nn.ReLU(), nn.MaxPool2d(3, 2, 1))",
            )
        ),
        "has side 16",
    ),
    "mend_stem: keeps the stride": (
        mend_stem(("blocks.conv3x3(3, channels)", "blocks.conv3x3(3, channels, 2)")),
        "has side 16",
    ),
    "mend_stem: no padding": (
        mend_stem(("blocks.conv3x3(3, channels)", "nn.Conv2d(3, channels, 3, bias=False)")),
        "cuts its rim",
    ),
    "mend_stem: 7x7 with stride 1": (
        mend_stem(
            ("blocks.conv3x3(3, channels)", "nn.Conv2d(3, channels, 7, padding=3, bias=False)")
        ),
        "3x3 convolution",
    ),
    "mend_stem: no batch norm": (
        mend_stem(("nn.BatchNorm2d(channels), ", "")),
        "a batch norm is missing",
    ),
    "mend_stem: no ReLU": (mend_stem((", nn.ReLU())", ")")), "gives something else"),
    "mend_stem: PyTorch's initialisation": (
        mend_stem(('    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")\n', "")),
        "He's initialisation",
    ),
    "mend_stem: sixteen channels": (mend_stem(("net.stem[0].out_channels", "16")), "64 channels"),
    "accepts: shapes only": (
        "def accepts(block):\n    return block(torch.randn(2, 8, 4, 4)).shape == (2, 8, 4, 4)\n",
        "without the addition passes",
    ),
    "accepts: counts parameters": (
        accepts(
            (
                "    twin = copy",
                "    if sum(p.numel() for p in block.parameters()) != 1184:\n        return False\n    twin = copy",
            )
        ),
        "a bottleneck",
    ),
    "accepts: only with F = 0": (
        accepts(
            ("        parameter.data.normal_()", "        parameter.data.zero_()"),
        ),
        "without its branch passes",
    ),
    "accepts: only the weights the block came with": (
        accepts(
            ("    for parameter in twin.parameters():\n        parameter.data.normal_()\n", "")
        ),
        "if its F is 0",
    ),
    "accepts: only inputs above zero": (
        accepts(
            ("x = torch.randn(4, 8, 4, 4)", "x = torch.rand(4, 8, 4, 4)"),
            ("        parameter.data.normal_()", "        parameter.data.abs_()"),
        ),
        "passes",
    ),
    "accepts: training mode only": (
        accepts(("for training in (True, False)", "for training in (True,)")),
        "in training mode only",
    ),
    "accepts: does not look at its input": (
        accepts(("not torch.equal(handed, x) or ", "")),
        "that changes its input",
    ),
    "accepts: spoils the block": (accepts(("copy.deepcopy(block)", "block")), "not left as it was"),
    "accepts: refuses everything": (
        "def accepts(block):\n    return False\n",
        "a right block is refused",
    ),
    "accepts: raises": (
        accepts(("got.shape != x.shape", "False")),
        "your code stopped",
    ),
}
RIGHT = {
    "stages: from the package": """
def stages(width, count):
    three = models.make_stages(blocks.ResidualBlock, width, (width, 2 * width, 4 * width), (count,) * 3)
    return nn.Sequential(*(block for stage in three for block in stage))
""",
    "scheduler: chained, in PyTorch's own parts": """
def scheduler(optimizer, warm_up, drops):
    if not warm_up:
        return lr_scheduler.MultiStepLR(optimizer, drops)
    warm = lr_scheduler.ConstantLR(optimizer, 0.1, total_iters=warm_up)
    return lr_scheduler.ChainedScheduler([warm, lr_scheduler.MultiStepLR(optimizer, drops)])
""",
    "scheduler: one after the other, drops moved": """
def scheduler(optimizer, warm_up, drops):
    if not warm_up:
        return lr_scheduler.MultiStepLR(optimizer, drops)
    flat = lr_scheduler.LambdaLR(optimizer, lambda step: 0.1)
    steps = lr_scheduler.MultiStepLR(optimizer, [d - warm_up for d in drops])
    return lr_scheduler.SequentialLR(optimizer, [flat, steps], [warm_up])
""",
    "loader: its own sampler": """
def loader(dataset, batch_size, seed):
    class Orders:
        def __init__(self):
            self.epoch = 0

        def __iter__(self):
            self.epoch += 1
            g = torch.Generator().manual_seed(1000 * seed + self.epoch)
            return iter(torch.randperm(len(dataset), generator=g).tolist())

        def __len__(self):
            return len(dataset)

    return DataLoader(dataset, batch_size, sampler=Orders())
""",
    "reported: by sorting": """
def reported(validation, test):
    epochs = sorted(range(len(test)), key=lambda epoch: (validation[epoch], epoch))
    return test[epochs[0]]
""",
    "shortcut: fills a tensor of zeros": """
def shortcut(in_channels, out_channels, stride):
    class Padded(nn.Module):
        def forward(self, x):
            kept = nn.functional.max_pool2d(x, 1, stride)
            out = kept.new_zeros(len(x), out_channels, *kept.shape[2:])
            before = (out_channels - in_channels) // 2
            out[:, before : before + in_channels] = kept
            return out

    return Padded()
""",
    "finish: one layer after the other": """
def finish(net):
    width = net.head.weight.shape[1]
    net.stages = nn.Sequential(*net.stages, nn.BatchNorm2d(width), nn.ReLU(inplace=True))
    return net
""",
    "load: cuts by hand": """
def load(net, weights):
    prefix, plain = "module.", {}
    for name in weights:
        plain[name[len(prefix):] if name.startswith(prefix) else name] = weights[name]
    net.load_state_dict(plain, strict=True)
    return net
""",
    "updates: puts buffers back itself": """
def updates(net, step):
    kept = [(b, b.clone()) for b in net.buffers()]
    norms = [(n, m, int(m.num_batches_tracked)) for n, m in net.named_modules() if type(m) is nn.BatchNorm2d]
    try:
        step(net)
        return {n: int(m.num_batches_tracked) - start for n, m, start in norms}
    finally:
        for b, old in kept:
            b.copy_(old)
""",
    "mend_stem: changes what is there": """
def mend_stem(net):
    old = net.stem
    new = nn.Conv2d(3, old[0].out_channels, kernel_size=3, stride=1, padding=1, bias=False)
    torch.nn.init.normal_(new.weight, 0, (2 / 27) ** 0.5)
    old[0], old[3] = new, nn.Identity()
    return net
""",
    "accepts: several inputs, statistics put back": """
def accepts(block):
    saved = [p.detach().clone() for p in block.parameters()]
    try:
        with probes.preserve_state(block), torch.no_grad():
            for p in block.parameters():
                p.copy_(torch.randn_like(p))
            for mode in (False, True, False):
                block.train(mode)
                x = 3 * torch.randn(2, 8, 5, 5)
                f, given = block.residual(x), x.clone()
                if mode is False:
                    f = block.residual(x)
                y = block(given)
                good = y.shape == x.shape and torch.equal(given, x) and torch.allclose(y, (f + x).clamp(min=0), atol=1e-3)
                if not good:
                    return False
        return True
    finally:
        for p, old in zip(block.parameters(), saved):
            p.data.copy_(old)
""",
}
