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
}
RIGHT = {
    "add_and_activate: clamp": "def add_and_activate(f, x):\n    return (x + f).clamp(min=0)",
}
