"""Answers to assignment 5: what students get wrong, and right answers that look different."""

from functools import partial

from tests.exercises.mutations import solution, swap

STDS, SIZES, SORTED, DECAYED = (
    solution("05_responses", task)
    for task in ("layer_stds", "relative_sizes", "sorted_responses", "decayed")
)
stds, sizes, curves, decayed = (partial(swap, source) for source in (STDS, SIZES, SORTED, DECAYED))

WRONG = {
    "layer_stds: hooks stay": (
        stds(("        for hook in hooks:\n            hook.remove()\n", "")),
        "still attached when the function has returned",
    ),
    "layer_stds: hooks stay after an exception": (
        stds(("    finally:\n", "    except ZeroDivisionError:\n        pass\n    else:\n")),
        "after an exception",
    ),
    "layer_stds: swallows the error": (
        stds(("    finally:\n", "    except RuntimeError:\n        pass\n    finally:\n")),
        "must reach the caller",
    ),
    "layer_stds: runs in training mode": (
        stds(("net.eval()", "net.train()")),
        "running statistics have moved",
    ),
    "layer_stds: leaves eval mode behind": (
        stds(("        net.train(was_training)\n", "")),
        "left in another mode",
    ),
    "layer_stds: always ends in training mode": (
        stds(("net.train(was_training)", "net.train()")),
        "came in eval mode and was left in another mode",
    ),
    "layer_stds: keeps outputs that an in-place ReLU overwrites": (
        stds(
            ("output.std(correction=0).item()", "output"),
            (
                "    return stds\n",
                "    return {n: o.std(correction=0).item() for n, o in stds.items()}\n",
            ),
        ),
        "after the nonlinearity",
    ),
    "layer_stds: before batch norm": (
        stds(("output.std", "_inputs[0].std")),
        "what goes into batch norm",
    ),
    "layer_stds: projections too": (
        stds(('if "shortcut" not in name', "if True")),
        "not on the main path",
    ),
    "layer_stds: channel by channel": (
        stds(("output.std(correction=0)", "output.var((0, 2, 3), correction=0).mean().sqrt()")),
        "each channel by itself",
    ),
    "layer_stds: every name gets the last layer's number": (
        stds(("    return stds\n", "    return dict.fromkeys(stds, list(stds.values())[-1])\n")),
        "is not right",
    ),
    "relative_sizes: squares": (
        sizes(
            (
                'norms[name, "residual"] / norms[name, "shortcut"]',
                '(norms[name, "residual"] / norms[name, "shortcut"]) ** 2',
            )
        ),
        "take the root",
    ),
    "relative_sizes: beside the block's output": (
        sizes(
            ("getattr(block, part)", 'block if part == "shortcut" else block.residual'),
        ),
        "divided by the block's output",
    ),
    "relative_sizes: beside the block's input": (
        sizes(
            (
                "norms[key] = output.norm().item()",
                'norms.update({key: (_inputs[0] if key[1] == "shortcut" else output).norm().item()})',
            )
        ),
        "divided by the block's input",
    ),
    "relative_sizes: upside down": (
        sizes(
            (
                'norms[name, "residual"] / norms[name, "shortcut"]',
                'norms[name, "shortcut"] / norms[name, "residual"]',
            )
        ),
        "upside down",
    ),
    "relative_sizes: mean over images": (
        sizes(
            ("output.norm().item()", "output.flatten(1).norm(dim=1)"),
            ('norms[name, "shortcut"] for', 'norms[name, "shortcut"]).mean().item() for'),
            ('{name: norms[name, "residual"]', '{name: (norms[name, "residual"]'),
        ),
        "mean over images",
    ),
    "relative_sizes: hooks stay": (sizes(("probes.hooked(hooks), ", "")), "still attached"),
    "sorted_responses: other weight decays too": (
        curves(("if not record.label", "if True")),
        "with a label",
    ),
    "sorted_responses: smallest first": (
        curves(("reverse=True", "reverse=False")),
        "from largest to smallest",
    ),
    "sorted_responses: untrained": (
        curves(('profile("response")', 'profile("response", 0)')),
        "before training",
    ),
    "sorted_responses: sorts each seed": (
        curves(('record.profile("response")', 'sorted(record.profile("response"), reverse=True)')),
        "before the mean",
    ),
    "sorted_responses: one seed": (
        curves(("zip(*profiles, strict=True)", "zip(profiles[0], strict=True)")),
        "one seed alone",
    ),
    "decayed: no momentum": (decayed(("momentum * velocity + ", "")), "momentum has no effect"),
    "decayed: forgets the learning rate": (
        decayed(("scale - lr * velocity", "scale - velocity")),
        "one step",
    ),
    "decayed: the decay of the start only": (
        decayed(
            ("    velocity = 0.0\n", "    velocity, start = 0.0, scale\n"),
            ("weight_decay * scale", "weight_decay * start"),
        ),
        "already without momentum",
    ),
    "decayed: the learning rate inside the momentum": (
        decayed(
            ("weight_decay * scale", "lr * weight_decay * scale"), ("lr * velocity", "velocity")
        ),
        "learning rate 0 must not move",
    ),
    "decayed: momentum as an average": (
        decayed(("+ weight_decay * scale", "+ (1 - momentum) * weight_decay * scale")),
        "one step",
    ),
    "decayed: returns the expected value": (
        "def decayed(scale, lrs, weight_decay, momentum):\n    return 1.9\n",
        "without weight decay",
    ),
}
RIGHT = {
    "layer_stds: statistics from the layer's formula": """
def layer_stds(net, x):
    modes, saved, handles, results = net.training, {}, [], {}
    for name, module in net.named_modules():
        if isinstance(module, nn.BatchNorm2d) and ".shortcut." not in name:
            def hook(m, args, out, key=name):
                saved[key] = out.detach().clone()
            handles.append(module.register_forward_hook(hook))
    net.train(False)
    try:
        with torch.inference_mode():
            net(x)
    finally:
        [h.remove() for h in handles]
        net.train(modes)
    for key, out in saved.items():
        results[key] = float(((out - out.mean()) ** 2).mean() ** 0.5)
    return results
""",
    "relative_sizes: walks through the network": """
def relative_sizes(net, x):
    found = {}
    with torch.no_grad():
        h = net.stem(x)
        for name, block in probes.blocks(net).items():
            branch, carried = block.residual(h), block.shortcut(h)
            found[name] = float(branch.pow(2).sum().sqrt() / carried.pow(2).sum().sqrt())
            h = torch.relu(branch + carried)
    return found
""",
    "relative_sizes: the package's probe": """
def relative_sizes(net, x):
    with probes.branch_ratios(net) as ratios:
        net(x)
    return dict(ratios)
""",
    "sorted_responses: with the package's means": """
def sorted_responses(records):
    usual = [r for r in records if r.label == ""]
    out = {}
    for net, depth in {(r.arch, r.depth) for r in usual}:
        group = [r for r in usual if r.arch == net and r.depth == depth]
        out[net, depth] = sorted((s.mean for s in runs.mean_profile(group, "response")))[::-1]
    return out
""",
    "decayed: asks the optimizer": """
def decayed(scale, lrs, weight_decay, momentum):
    w = torch.tensor(float(scale), dtype=torch.float64, requires_grad=True)
    w.grad = torch.zeros_like(w)
    sgd = torch.optim.SGD([w], lr=1.0, momentum=momentum, weight_decay=weight_decay)
    for lr in lrs:
        sgd.param_groups[0]["lr"] = lr
        sgd.step()
    return w.item()
""",
}
