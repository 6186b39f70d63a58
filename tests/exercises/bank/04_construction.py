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
PLAIN = """def plain_identity(channels):
    block = blocks.PlainBlock(channels, channels).eval()
    for layer in block.residual:
        if isinstance(layer, nn.Conv2d):
            nn.init.dirac_(layer.weight)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.constant_(layer.running_var, 1 - layer.eps)
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
    with probes.untouched(net), probes.untouched(other), torch.no_grad():
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
        but(COPY, "conv.weight[channel, channel, middle, middle]", "conv.weight[channel, :, middle, middle]"),
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
    "plain_identity: eps forgotten": (
        but(PLAIN, "1 - layer.eps", "1"),
        "not to the last bit",
    ),
    "plain_identity: training mode": (
        but(PLAIN, ".eval()", ""),
        "the block is in training mode",
    ),
    "plain_identity: kernels left random": (
        but(PLAIN, "nn.init.dirac_(layer.weight)", "pass"),
        "come out changed",
    ),
    "plain_identity: no plain block": (
        "def plain_identity(channels):\n    return nn.Identity().eval()",
        "should alternate",
    ),
    "plain_identity: a silent residual block": (
        "def plain_identity(channels):\n    block = blocks.ResidualBlock(channels, channels).eval()\n"
        "    nn.init.zeros_(block.residual[-1].weight)\n    block.forward = lambda x: block.residual(x) + x\n"
        "    return block",
        "negative numbers pass",
    ),
    "plain_identity: clipped at one": (
        but(
            PLAIN,
            "    return block",
            "    block.register_forward_hook(lambda m, i, out: out.clamp(max=1))\n    return block",
        ),
        "larger ones are not",
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
        but(GRAFT, "[silent_copy(stage[at - 1]) for _ in range(count)]", "[silent_copy(stage[at - 1])] * count"),
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
    "plain_identity: eps undone by the scale": "def plain_identity(channels):\n"
    "    block = blocks.PlainBlock(channels, channels)\n"
    "    for conv, norm in (block.residual[0:2], block.residual[3:5]):\n"
    "        conv.weight.data = torch.eye(channels)[:, :, None, None] * torch.eye(3)[1].outer(torch.eye(3)[1])\n"
    "        norm.eps = 0.0\n    return block.eval()",
    "silence: fill_": "def silence(block):\n    with torch.no_grad():\n"
    "        for parameter in block.residual[4].parameters():\n"
    "            parameter.fill_(0)\n    return block",
    "graft: insert into a copy": "def graft(stage, at, count):\n    if at not in range(1, len(stage) + 1):\n"
    "        raise ValueError('no block before')\n    grown = copy.deepcopy(stage)\n    for _ in range(count):\n"
    "        grown.insert(at, silent_copy(grown[at - 1]))\n    return grown",
    "same_answers: copies": "def same_answers(net, other, x):\n"
    "    nets = [copy.deepcopy(n).eval() for n in (net, other)]\n"
    "    one, two = (n(x) for n in nets)\n    return bool((one == two).all())",
    "drift: put back by hand": "def drift(block, x):\n    with probes.untouched(block), torch.no_grad():\n"
    "        change = block.train()(x) - x\n    return max(change.max().item(), -change.min().item())",
}
