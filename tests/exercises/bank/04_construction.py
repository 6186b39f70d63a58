"""Answers to assignment 4: what students get wrong, and right answers that look different."""

COPY = """def copying_convolution(channels, kernel_size=3):
    middle = kernel_size // 2
    conv = nn.Conv2d(channels, channels, kernel_size, padding=middle, bias=False)
    with torch.no_grad():
        conv.weight.zero_()
        for channel in range(channels):
            conv.weight[channel, channel, middle, middle] = 1
    return conv
"""
DISGUISED = """def disguised_copy(order, factors):
    if min(factors) <= 0:
        raise ValueError(factors)
    block = blocks.PlainBlock(len(order), len(order)).eval()
    there, norm, _, back, last_norm = block.residual
    with torch.no_grad():
        there.weight.zero_(), back.weight.zero_()
        for c, place in enumerate(order):
            there.weight[place, c, 1, 1] = factors[c]
            back.weight[c, place, 1, 1] = 1 / factors[c]
        norm.running_var.fill_(1 - norm.eps)
        last_norm.running_var.fill_(1 - last_norm.eps)
    return block
"""
GRAFT = """def graft(stage, at, count):
    if not 1 <= at <= len(stage):
        raise ValueError(at)
    old = list(copy.deepcopy(stage))
    new = [silent_copy(stage[at - 1]) for _ in range(count)]
    return nn.Sequential(*old[:at], *new, *old[at:])
"""
SAME = """def same_answers(net, other, x):
    with probes.preserve_state(net), probes.preserve_state(other), torch.no_grad():
        return torch.equal(net.eval()(x), other.eval()(x))
"""
DRIFT = """def drift(block, x):
    with torch.no_grad():
        return (copy.deepcopy(block).train()(x) - x).abs().max().item()
"""


def but(source: str, old: str, new: str) -> str:
    """The source with one thing changed."""
    assert source.count(old) == 1, (old, source)
    return source.replace(old, new)


WRONG = {
    "copying_convolution: ones for every pair of channels": (
        but(
            COPY,
            "conv.weight[channel, channel, middle, middle]",
            "conv.weight[channel, :, middle, middle]",
        ),
        "the sum of all the input channels",
    ),
    "copying_convolution: one in the corner": (
        but(COPY, "middle, middle] = 1", "0, 0] = 1"),
        "copied and moved",
    ),
    "copying_convolution: no padding": (
        but(COPY, ", padding=middle", ""),
        "the shape should be",
    ),
    "copying_convolution: only what is positive": (
        "class Copy(nn.Conv2d):\n    def forward(self, x):\n        return x.relu()\n\n\n"
        + but(COPY, "nn.Conv2d(", "Copy("),
        "differs from the input",
    ),
    "copying_convolution: no convolution": (
        "def copying_convolution(channels, kernel_size=3):\n    return nn.Identity()",
        "an nn.Conv2d is expected",
    ),
    "copying_convolution: nearly": (
        but(COPY, "] = 1", "] = 0.9999"),
        "differs from the input",
    ),
    "copying_convolution: always 3x3": (
        but(COPY, "    middle = kernel_size // 2\n", "    kernel_size, middle = 3, 1\n"),
        "the kernel should be 5x5",
    ),
    "copying_convolution: frozen": (
        but(COPY, "    return conv", "    return conv.requires_grad_(False)"),
        "the kernel is frozen",
    ),
    "disguised_copy: eps forgotten": (
        DISGUISED.replace("1 - norm.eps", "1").replace("1 - last_norm.eps", "1"),
        "not to the last bit",
    ),
    "disguised_copy: eps forgotten once": (
        but(DISGUISED, "1 - last_norm.eps", "1"),
        "not to the last bit",
    ),
    "disguised_copy: training mode": (
        but(DISGUISED, ".eval()", ""),
        "the block is in training mode",
    ),
    "disguised_copy: the chapter's block": (
        "def disguised_copy(order, factors):\n"
        "    return probes.insert_identity_blocks(nn.Sequential(blocks.PlainBlock(len(order), len(order))), 1, 1)[1].eval()",
        "nothing is in disguise",
    ),
    "disguised_copy: order read the other way": (
        but(
            DISGUISED,
            "there.weight[place, c, 1, 1] = factors[c]",
            "there.weight[c, place, 1, 1] = factors[place]",
        ).replace(
            "back.weight[c, place, 1, 1] = 1 / factors[c]",
            "back.weight[place, c, 1, 1] = 1 / factors[place]",
        ),
        "what goes where",
    ),
    "disguised_copy: no factors": (
        DISGUISED.replace("= factors[c]", "= 1").replace("1 / factors[c]", "1"),
        "the factors are missing",
    ),
    "disguised_copy: the factors of other channels": (
        DISGUISED.replace("factors[c]", "factors[place]"),
        "not those asked for",
    ),
    "disguised_copy: random kernels": (
        but(DISGUISED, "there.weight.zero_(), ", ""),
        "not those asked for",
    ),
    "disguised_copy: the factors stay": (
        but(DISGUISED, "= 1 / factors[c]", "= 1"),
        "the factors are not undone",
    ),
    "disguised_copy: the factors twice": (
        but(DISGUISED, "= 1 / factors[c]", "= factors[c]"),
        "differs from the input",
    ),
    "disguised_copy: the same way on": (
        but(DISGUISED, "back.weight[c, place, 1, 1]", "back.weight[place, c, 1, 1]"),
        "moved on instead of back",
    ),
    "disguised_copy: any factor": (
        but(DISGUISED, "    if min(factors) <= 0:\n        raise ValueError(factors)\n", ""),
        "instead of a ValueError",
    ),
    "disguised_copy: zero refused alone": (
        but(DISGUISED, "min(factors) <= 0", "0 in factors"),
        "after the factor -2",
    ),
    "disguised_copy: a residual block": (
        "def disguised_copy(order, factors):\n    block = blocks.ResidualBlock(len(order), len(order)).eval()\n"
        "    nn.init.zeros_(block.residual[-1].weight)\n    return block",
        "a PlainBlock is expected",
    ),
    "silence: the scale alone": (
        "def silence(block):\n    nn.init.zeros_(block.residual[-1].weight)\n    return block",
        "F still changes the output",
    ),
    "silence: the last convolution": (
        "def silence(block):\n    nn.init.zeros_(block.residual[-2].weight)\n    return block",
        "more than the last layer of F has changed",
    ),
    "silence: everything zero": (
        "def silence(block):\n    for parameter in block.residual.parameters():\n        nn.init.zeros_(parameter)\n"
        "    return block",
        "more than the last layer of F has changed",
    ),
    "silence: the branch removed": (
        "def silence(block):\n    block.residual = nn.Identity()\n    return block",
        "not removed or replaced",
    ),
    "silence: a copy": (
        "def silence(block):\n    block = copy.deepcopy(block)\n    nn.init.zeros_(block.residual[-1].weight)\n"
        "    nn.init.zeros_(block.residual[-1].bias)\n    return block",
        "changed in place",
    ),
    "silence: for ever": (
        "def silence(block):\n"
        "    block.residual.register_forward_hook(lambda m, i, out: 0 * out.detach())\n    return block",
        "it can never wake up",
    ),
    "silence: in eval mode alone": (
        "def silence(block):\n    last = block.residual[-1]\n    with torch.no_grad():\n"
        "        last.bias.copy_(torch.zeros_like(last.bias))\n        last.weight.fill_(1e-3)\n    return block",
        "F still changes the output",
    ),
    "graft: one block n times": (
        but(
            GRAFT,
            "[silent_copy(stage[at - 1]) for _ in range(count)]",
            "[silent_copy(stage[at - 1])] * count",
        ),
        "learn as one",
    ),
    "graft: the old stage changed": (
        but(GRAFT, "    old = list(copy.deepcopy(stage))\n    new", "    new").replace(
            "return nn.Sequential(*old[:at], *new, *old[at:])",
            "for block in new:\n        stage.insert(at, block)\n    return stage",
        ),
        "a new one was asked for",
    ),
    "graft: blocks shared with the old stage": (
        but(GRAFT, "list(copy.deepcopy(stage))", "list(stage)"),
        "parameters in common",
    ),
    "graft: at the end": (
        but(GRAFT, "*old[:at], *new, *old[at:]", "*old, *new"),
        "do not stand at the positions",
    ),
    "graft: one place too early": (
        but(GRAFT, "*old[:at], *new, *old[at:]", "*old[: at - 1], *new, *old[at - 1 :]"),
        "do not stand at the positions",
    ),
    "graft: copies that are not silent": (
        but(GRAFT, "silent_copy(stage[at - 1])", "copy.deepcopy(stage[at - 1])"),
        "the answers differ",
    ),
    "graft: one too few": (
        but(GRAFT, "range(count)", "range(count - 1)"),
        "3 blocks and 1 new ones",
    ),
    "graft: any position": (
        but(GRAFT, "    if not 1 <= at <= len(stage):\n        raise ValueError(at)\n", "").replace(
            "stage[at - 1]", "stage[min(at, len(stage)) - 1]"
        ),
        "no block before position",
    ),
    "same_answers: nearly": (
        but(SAME, "torch.equal", "torch.allclose"),
        "more than the last bit",
    ),
    "same_answers: the same class": (
        but(
            SAME,
            "torch.equal(net.eval()(x), other.eval()(x))",
            "torch.equal(net.eval()(x).argmax(1), other.eval()(x).argmax(1))",
        ),
        "the logits are not",
    ),
    "same_answers: training mode": (
        SAME.replace("eval()", "train()"),
        "which mode were they in",
    ),
    "same_answers: with itself": (
        but(SAME, "other.eval()(x)", "net.eval()(x)"),
        "and you say they are",
    ),
    "same_answers: leaves eval mode": (
        "def same_answers(net, other, x):\n    return torch.equal(net.eval()(x), other.eval()(x))",
        "handed back in eval mode",
    ),
    "same_answers: moves the statistics": (
        "def same_answers(net, other, x):\n    return torch.equal(net.train()(x), other.train()(x))",
        "moved the statistics",
    ),
    "drift: eval mode": (
        but(DRIFT, ".train()", ".eval()"),
        "change in eval mode",
    ),
    "drift: in whatever mode it is": (
        but(DRIFT, ".train()", ""),
        "change in eval mode",
    ),
    "drift: mean": (
        but(DRIFT, ".max()", ".mean()"),
        "the mean change",
    ),
    "drift: upwards only": (
        but(DRIFT, ".abs().max()", ".max()"),
        "a change downwards",
    ),
    "drift: moves the statistics": (
        but(
            DRIFT,
            "return (copy.deepcopy(block).train()(x) - x).abs().max().item()",
            "mode = block.training\n        found = (block.train()(x) - x).abs().max().item()\n"
            "        block.train(mode)\n        return found",
        ),
        "moved the statistics",
    ),
    "drift: leaves training mode": (
        "def drift(block, x):\n    kept = copy.deepcopy(block.state_dict())\n"
        "    found = (block.train()(x) - x).abs().max().item()\n"
        "    block.load_state_dict(kept)\n    return found",
        "handed back in training mode",
    ),
}
RIGHT = {
    "copying_convolution: an einsum of unit matrices": "def copying_convolution(channels, kernel_size=3):\n"
    "    conv = nn.Conv2d(channels, channels, kernel_size, padding='same', bias=False)\n"
    "    spike = (torch.arange(kernel_size) == kernel_size // 2).float()\n"
    "    kernel = torch.einsum('oi,h,w->oihw', torch.eye(channels), spike, spike)\n"
    "    conv.weight = nn.Parameter(kernel)\n    return conv",
    "disguised_copy: matrices, and the factors in the batch norms": "def disguised_copy(order, factors):\n"
    "    times = torch.tensor(factors)\n    if (times <= 0).any():\n        raise ValueError('not positive')\n"
    "    n = len(order)\n    block = blocks.PlainBlock(n, n)\n    places = torch.eye(n)[order].T\n"
    "    centre = torch.zeros(3, 3)\n    centre[1, 1] = 1\n    with torch.no_grad():\n"
    "        block.residual[0].weight.copy_(places[..., None, None] * centre)\n"
    "        block.residual[3].weight.copy_(places.T[..., None, None] * centre)\n"
    "        block.residual[1].weight[order] = times\n        block.residual[4].weight.copy_(1 / times)\n"
    "    for place in (1, 4):\n        block.residual[place].eps = 0.0\n    return block.eval()",
    "silence: fill_": "def silence(block):\n    with torch.no_grad():\n"
    "        for parameter in block.residual[4].parameters():\n"
    "            parameter.fill_(0)\n    return block",
    "graft: insert into a copy": "def graft(stage, at, count):\n    if at not in range(1, len(stage) + 1):\n"
    "        raise ValueError('no block before')\n    grown = copy.deepcopy(stage)\n    for _ in range(count):\n"
    "        grown.insert(at, silent_copy(grown[at - 1]))\n    return grown",
    "same_answers: copies": "def same_answers(net, other, x):\n"
    "    nets = [copy.deepcopy(n).eval() for n in (net, other)]\n"
    "    one, two = (n(x) for n in nets)\n    return bool((one == two).all())",
    "drift: put back by hand": "def drift(block, x):\n    with probes.preserve_state(block), torch.no_grad():\n"
    "        change = block.train()(x) - x\n    return max(change.max().item(), -change.min().item())",
}
