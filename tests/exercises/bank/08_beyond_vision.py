"""Answers to assignment 8: what students get wrong, and right answers that look different."""

from functools import partial

from tests.exercises.mutations import solution, swap

TASKS = ("PreNormBlock", "AudioBlock", "receptive_field", "DeepPolicy", "first_over_last")
block, audio, field, policy, ratio = (
    partial(swap, solution("08_beyond_vision", task)) for task in TASKS
)

WRONG = {
    "PreNormBlock: post-norm": (
        block(
            ("x = x + self.attention(self.norm1(x))", "x = self.norm1(x + self.attention(x))"),
            ("return x + self.mlp(self.norm2(x))", "return self.norm2(x + self.mlp(x))"),
        ),
        "read the stream as it comes in",
    ),
    "PreNormBlock: attention and mlp side by side": (
        block(
            ("x = x + self.attention(self.norm1(x))", "found = self.attention(self.norm1(x))"),
            ("return x + self.mlp", "return x + found + self.mlp"),
        ),
        "before attention wrote to it",
    ),
    "PreNormBlock: no skip around attention": (
        block(("x = x + self.attention", "x = self.attention")),
        "attention is not added",
    ),
    "PreNormBlock: no skip around the mlp": (
        block(("return x + self.mlp", "return self.mlp")),
        "the mlp is not added",
    ),
    "PreNormBlock: one norm for both": (
        block(("self.mlp(self.norm2(x))", "self.mlp(self.norm1(x))")),
        "share their parameters",
    ),
    "PreNormBlock: attention sees the raw stream": (
        block(("self.attention(self.norm1(x))", "self.attention(x) + 0 * self.norm1(x)")),
        "attention must see the normalised stream",
    ),
    "PreNormBlock: normalises tokens and width together": (
        block(
            (
                "nn.LayerNorm(width), nn.LayerNorm(width)",
                "nn.LayerNorm((5, width)), nn.LayerNorm((5, width))",
            )
        ),
        "over the width",
    ),
    "PreNormBlock: closes with a norm": (
        block(
            ("return x + self.mlp(self.norm2(x))", "return self.norm2(x + self.mlp(self.norm2(x)))")
        ),
        "nothing is normalised on the stream",
    ),
    "PreNormBlock: ReLU instead of GELU": (block(("nn.GELU()", "nn.ReLU()")), "must be GELU"),
    "PreNormBlock: in place": (
        block(("x = x + self.attention(self.norm1(x))", "x += self.attention(self.norm1(x))")),
        "in place",
    ),
    "AudioBlock: sees the future": (
        audio(("pad(x, (self.reach, 0))", "pad(x, (self.reach // 2, self.reach // 2))")),
        "depends on the future",
    ),
    "AudioBlock: pads the wrong side": (
        audio(("(self.reach, 0)", "(0, self.reach)")),
        "depends on the future",
    ),
    "AudioBlock: forgets the dilation": (
        audio(("self.reach = 2 * dilation", "self.reach = 2"), (", dilation=dilation", "")),
        "0, 4 and 8 samples back",
    ),
    "AudioBlock: pads without dilation": (
        audio(("self.reach = 2 * dilation", "self.reach = 2")),
        "your code stopped",
    ),
    "AudioBlock: no skip": (audio(("return x + self.mix", "return self.mix")), "x is not added"),
    "AudioBlock: ReLU after the sum": (
        audio(
            (
                "return x + self.mix(torch.relu(self.dilated(past)))",
                "return torch.relu(x + self.mix(torch.relu(self.dilated(past))))",
            )
        ),
        "the last ReLU does not belong",
    ),
    "AudioBlock: no ReLU": (
        audio(("torch.relu(self.dilated(past))", "self.dilated(past)")),
        "convolution, ReLU, convolution",
    ),
    "AudioBlock: ReLU at the end of the branch": (
        audio(
            (
                "self.mix(torch.relu(self.dilated(past)))",
                "torch.relu(self.mix(torch.relu(self.dilated(past))))",
            )
        ),
        "convolution, ReLU, convolution",
    ),
    "receptive_field: multiplies": (
        field(("1 + (kernel - 1) * sum(dilations)", "kernel * max(dilations, default=1)")),
        "one sample",
    ),
    "receptive_field: counts each block whole": (
        field(
            (
                "1 + (kernel - 1) * sum(dilations)",
                "sum((kernel - 1) * d + 1 for d in dilations) or 1",
            )
        ),
        "further back",
    ),
    "receptive_field: without its own sample": (field(("1 + ", "")), "one sample"),
    "receptive_field: kernel 3 for ever": (field(("(kernel - 1)", "2")), "another kernel"),
    "DeepPolicy: blocks in a list": (
        policy(("self.blocks = nn.ModuleList()", "self.blocks = []")),
        "are registered",
    ),
    "DeepPolicy: one block many times": (
        policy(
            ("for branch in self.blocks:", "for branch in [self.blocks[0]] * len(self.blocks):")
        ),
        "have not moved",
    ),
    "DeepPolicy: not shallow at the start": (
        policy(("            nn.init.zeros_(out.weight)\n", "")),
        "already change",
    ),
    "DeepPolicy: both layers zero": (
        policy(
            (
                "        ### END SOLUTION\n\n",
                "        for m in self.blocks.modules():\n            if isinstance(m, nn.Linear):\n                nn.init.zeros_(m.weight)\n                nn.init.zeros_(m.bias)\n        ### END SOLUTION\n\n",
            )
        ),
        "have not moved",
    ),
    "DeepPolicy: no skip": (policy(("x = x + branch(x)", "x = branch(x)")), "already change"),
    "DeepPolicy: ReLU for SiLU": (policy(("nn.SiLU()", "nn.ReLU()")), "should add"),
    "DeepPolicy: normalises the stream": (
        policy(("x = x + branch(x)", "x = branch[0](x)\n            x = x + branch[1:](x)")),
        "already change",
    ),
    "DeepPolicy: a scale that never learns": (
        policy(
            ("            nn.init.zeros_(out.weight)\n            nn.init.zeros_(out.bias)\n", ""),
            ("x = x + branch(x)", "x = x + 0 * branch(x)"),
        ),
        "have not moved",
    ),
    "first_over_last: upside down": (
        ratio(("first.norm() / last.norm()", "last.norm() / first.norm()")),
        "upside down",
    ),
    "first_over_last: backward": (
        """
def first_over_last(net, x, y):
    linear = [m for m in net.modules() if isinstance(m, nn.Linear)]
    cross_entropy(net(x), y).backward()
    return (linear[0].weight.grad.norm() / linear[-1].weight.grad.norm()).item()
""",
        "use torch.autograd.grad",
    ),
    "first_over_last: parameters, biases too": (
        ratio(("[linear[0].weight, linear[-1].weight]", "[linear[0].weight, linear[-1].bias]")),
        "is a bias",
    ),
    "first_over_last: squares": (
        ratio(("first.norm() / last.norm()", "first.square().sum() / last.square().sum()")),
        "squares",
    ),
    "first_over_last: weights, not gradients": (
        "def first_over_last(net, x, y):\n    linear = [m for m in net.modules() if isinstance(m, nn.Linear)]\n"
        "    return (linear[0].weight.norm() / linear[-1].weight.norm()).item()\n",
        "which layers",
    ),
    "first_over_last: gradient of the outputs' sum": (
        ratio(("cross_entropy(net(x), y)", "net(x).sum()")),
        "which loss",
    ),
}
RIGHT = {
    "PreNormBlock: without nn.Sequential": """
class PreNormBlock(nn.Module):
    def __init__(self, width, attention, hidden):
        super().__init__()
        self.attention = attention
        self.ln_2, self.ln_1 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.down, self.up = nn.Linear(hidden, width), nn.Linear(width, hidden)

    def forward(self, x):
        stream = self.attention(self.ln_1(x)) + x
        return self.down(nn.functional.gelu(self.up(self.ln_2(stream)))) + stream
""",
    "AudioBlock: pads both sides and cuts": """
class AudioBlock(nn.Module):
    def __init__(self, channels, dilation):
        super().__init__()
        self.mix = nn.Conv1d(channels, channels, kernel_size=1)
        self.conv = nn.Conv1d(channels, channels, 3, padding=2 * dilation, dilation=dilation)

    def forward(self, x):
        h = self.conv(x)[:, :, : x.shape[-1]]
        return self.mix(h.clamp(min=0)) + x
""",
    "receptive_field: a loop": """
def receptive_field(kernel, dilations):
    seen = 1
    for dilation in dilations:
        seen += dilation * (kernel - 1)
    return seen
""",
    "DeepPolicy: a class for the block": """
class DeepPolicy(nn.Module):
    def __init__(self, observations, actions, width, count):
        super().__init__()

        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.down, self.up, self.norm = nn.Linear(width, width), nn.Linear(width, width), nn.LayerNorm(width)
                self.down.weight.data.zero_()
                self.down.bias.data.zero_()

            def forward(self, x):
                h = self.up(self.norm(x))
                return torch.add(x, self.down(h * torch.sigmoid(h)))

        self.net = nn.Sequential(nn.Linear(observations, width), *(Block() for _ in range(count)), nn.Linear(width, actions))

    def forward(self, x):
        return self.net(x)
""",
    "first_over_last: puts grads back": """
def first_over_last(net, x, y):
    kept = [p.grad for p in net.parameters()]
    net.zero_grad(set_to_none=True)
    cross_entropy(net(x), y).backward()
    norms = [m.weight.grad.pow(2).sum() ** 0.5 for m in net.modules() if isinstance(m, nn.Linear)]
    for p, grad in zip(net.parameters(), kept):
        p.grad = grad
    return float(norms[0] / norms[-1])
""",
}
