"""Answers to assignment 2: what students get wrong, and right answers that look different."""

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
    "ResidualBlock: no layers at all": (
        "class ResidualBlock(nn.Module):\n"
        "    def __init__(self, in_channels, out_channels, stride=1):\n"
        "        super().__init__()\n\n"
        "    def forward(self, x):\n"
        "        return torch.relu(x)",
        "needs a module named residual",
    ),
}
RIGHT = {
    "add_and_activate: clamp": "def add_and_activate(f, x):\n    return (x + f).clamp(min=0)",
}
