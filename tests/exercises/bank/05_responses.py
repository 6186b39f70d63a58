"""Answers to assignment 5: what students get wrong, and right answers that look different."""

from functools import partial

from tests.exercises.mutations import solution, swap

STDS, SIZES, SORTED, DECAYED = (
    solution("05_responses", task) for task in ("layer_stds", "relative_sizes", "sorted_responses", "decayed")
)
stds, sizes, curves, decayed = (partial(swap, source) for source in (STDS, SIZES, SORTED, DECAYED))

WRONG = {
    "layer_stds: hooks stay": (
        stds(("            hook.remove()\n", "            pass\n")),
        "hooks are still attached",
    ),
    "layer_stds: hooks stay after an exception": (
        stds(("    finally:\n", "    except ZeroDivisionError:\n        pass\n    else:\n")),
        "after an error inside",
    ),
    "layer_stds: swallows the error": (
        stds(("    finally:\n", "    except RuntimeError:\n        pass\n    finally:\n")),
        "must reach the caller",
    ),
    "layer_stds: runs in training mode": (stds(("net.eval()", "net.train()")), "the network runs in training mode"),
    "layer_stds: leaves eval mode behind": (stds(("            module.training = mode\n", "            pass\n")), "is left in eval mode"),
    "layer_stds: always ends in training mode": (
        stds(("module.training = mode", "module.train()")),
        "is left in training mode",
    ),
    "layer_stds: keeps outputs that an in-place ReLU overwrites": (
        stds(
            ("output.std(correction=0).item()", "output"),
            ("    return stds\n", "    return {n: o.std(correction=0).item() for n, o in stds.items()}\n"),
        ),
        "after the nonlinearity",
    ),
    "layer_stds: before batch norm": (stds(("output.std", "_inputs[0].std")), "what goes into batch norm"),
    "layer_stds: projections too": (stds((' and "shortcut" not in name', "")), "not on the main path"),
    "layer_stds: channel by channel": (
        stds(("output.std(correction=0)", "output.var((0, 2, 3), correction=0).mean().sqrt()")),
        "each channel by itself",
    ),
    "layer_stds: every name gets the last layer's number": (
        stds(("    return stds\n", "    return dict.fromkeys(stds, list(stds.values())[-1])\n")),
        "of 1 is not right",
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
            ('f"{name}.{part}"', '(name if part == "shortcut" else f"{name}.residual")'),
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
            ('norms[name, "residual"] / norms[name, "shortcut"]', 'norms[name, "shortcut"] / norms[name, "residual"]')
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
    "relative_sizes: hooks stay": (sizes(("            hook.remove()\n", "            pass\n")), "hooks are still attached"),
    "sorted_responses: other weight decays too": (curves(("if not record.label", "if True")), "with a label"),
    "sorted_responses: smallest first": (curves(("reverse=True", "reverse=False")), "from smallest to largest"),
    "sorted_responses: untrained": (curves(('profile("response")', 'profile("response", 0)')), "before training"),
    "sorted_responses: sorts each seed": (
        curves(('record.profile("response")', 'sorted(record.profile("response"), reverse=True)')),
        "before the mean",
    ),
    "sorted_responses: one seed": (
        curves(("zip(*profiles, strict=True)", "zip(profiles[0], strict=True)")),
        "one seed alone",
    ),
    "decayed: no momentum": (decayed(("momentum * velocity + ", "")), "momentum has no effect"),
    "decayed: forgets the learning rate": (decayed(("scale - lr * velocity", "scale - velocity")), "the learning rate is left out"),
    "decayed: the decay of the start only": (
        decayed(
            ("    velocity = 0.0\n", "    velocity, start = 0.0, scale\n"),
            ("weight_decay * scale", "weight_decay * start"),
        ),
        "already without momentum",
    ),
    "decayed: the learning rate inside the momentum": (
        decayed(("weight_decay * scale", "lr * weight_decay * scale"), ("lr * velocity", "velocity")),
        "with momentum it differs",
    ),
    "decayed: momentum as an average": (
        decayed(("+ weight_decay * scale", "+ (1 - momentum) * weight_decay * scale")),
        "one step of 2.0",
    ),
    "decayed: returns the expected value": (
        "def decayed(scale, lrs, weight_decay, momentum):\n    return 1.9\n",
        "without weight decay",
    ),
    "layer_stds: restores the outer mode alone": (
        stds(("        for module, mode in modes.items():\n            module.training = mode\n", "        net.train(modes[net])\n")),
        "a part whose mode differs",
    ),
    "layer_stds: of a sample": (stds(("correction=0", "correction=1")), "of a sample"),
    "layer_stds: the variance": (stds(("output.std", "output.var")), "this is the variance"),
    "layer_stds: the root of the mean square": (stds(("output.std(correction=0)", "output.square().mean().sqrt()")), "root of the mean square"),
    "layer_stds: tensors": (stds((".item()", "")), "a Python float is expected"),
    "layer_stds: with gradients": (stds(("with torch.no_grad():", "if True:")), "runs with gradients"),
    "layer_stds: the first image": (stds(("output.std", "output[0].std")), "the first image alone"),
    "layer_stds: image by image": (
        stds(("    return stds\n", "    return stds\n"), ("            net(x)\n", "            for image in x:\n                net(image[None])\n")),
        "6 times; once is asked for",
    ),
    "layer_stds: the mean over images": (stds(("output.std(correction=0)", "output.std((1, 2, 3), correction=0).mean()")), "over images"),
    "layer_stds: the mean over channels": (stds(("output.std(correction=0)", "output.std((0, 2, 3), correction=0).mean()")), "over channels"),
    "layer_stds: runs twice": (stds(("            net(x)\n", "            net(x), net(x)\n")), "2 times; once is asked for"),
    "layer_stds: keyed by modules": (stds(("stds[name]", "stds[_module]")), "lacks keys"),
    "layer_stds: a list": (stds(("    return stds\n", "    return list(stds.values())\n")), "a dict is expected"),
    "layer_stds: convolutions": (stds(("nn.BatchNorm2d", "nn.Conv2d")), "lacks keys"),
    "layer_stds: every layer": (stds(("isinstance(module, nn.BatchNorm2d) and ", "name and ")), "keys that do not belong"),
    "layer_stds: removes everybody's hooks": (
        stds(("            hook.remove()\n", "            pass\n        for m in net.modules():\n            m._forward_hooks.clear()\n")),
        "somebody else had put on",
    ),
    "layer_stds: rounds": (stds(("output.std(correction=0).item()", "round(output.std(correction=0).item(), 2)")), "rounded"),
    "layer_stds: stops batch norms from learning": (stds(("        net.eval()\n", "        net.eval().requires_grad_(False)\n")), "`requires_grad` of parameters"),
    "layer_stds: deletes the ReLUs' inplace": (
        stds(("        net.eval()\n", "        net.eval()\n        for m in net.modules():\n            if isinstance(m, nn.ReLU):\n                m.inplace = False\n")),
        "another `inplace`",
    ),
    "layer_stds: the package's": (
        "def layer_stds(net, x):\n    from resnet_course import probes\n    own = copy.deepcopy(net).eval()\n"
        "    with probes.layer_responses(own) as stds, torch.no_grad():\n        own(x)\n    return dict(stds)",
        "write this yourself",
    ),
    "relative_sizes: sums of sizes": (sizes(("output.norm()", "output.abs().sum()")), "sums of sizes"),
    "relative_sizes: the largest": (sizes(("output.norm()", "output.abs().max()")), "largest sizes"),
    "relative_sizes: deviations": (sizes(("output.norm()", "output.std()")), "standard deviations"),
    "relative_sizes: the branch alone": (sizes((' / norms[name, "shortcut"]', "")), "size of the branch alone"),
    "relative_sizes: the first image": (sizes(("output.norm()", "output[0].norm()")), "first image alone"),
    "relative_sizes: clamped": (
        sizes(('norms[name, "residual"] / norms[name, "shortcut"]', 'min(norms[name, "residual"] / norms[name, "shortcut"], 10.0)')),
        "clamped",
    ),
    "relative_sizes: the first block of each stage": (
        sizes((' and hasattr(m, "shortcut")]', ' and hasattr(m, "shortcut") and n.endswith(".0")]')),
        "lacks keys",
    ),
    "relative_sizes: one number": (
        sizes(("    return {name: norms", "    return fmean([norms"), (" for name in blocks}", " for name in blocks])")),
        "a dict is expected",
    ),
    "relative_sizes: projections as blocks": (sizes(('hasattr(m, "residual") and hasattr(m, "shortcut")', '"0" in n.split(".")[-1:]')), "stops"),
    "relative_sizes: after a ReLU": (
        sizes(("norms[key] = output.norm().item()", "norms[key] = (output.relu() if key[1] == 'residual' else output).norm().item()")),
        "a ReLU came before the norm",
    ),
    "relative_sizes: goes into training mode": (sizes(("            net(x)\n", "            net.train()(x)\n")), "is left in training mode"),
    "relative_sizes: hooks stay after an error": (
        sizes(("    finally:\n", "    except ZeroDivisionError:\n        pass\n    else:\n")),
        "after an error inside",
    ),
    "relative_sizes: the package's": (
        "def relative_sizes(net, x):\n    from resnet_course import probes\n"
        "    with probes.branch_ratios(net) as ratios, torch.no_grad():\n        net(x)\n    return dict(ratios)",
        "write this yourself",
    ),
    "relative_sizes: remembers a network": (
        "_seen = {}\n\n\n" + SIZES + "\n\n_own = relative_sizes\n\n\ndef relative_sizes(net, x):\n"
        "    if len(list(net.modules())) not in _seen:\n        _seen[len(list(net.modules()))] = _own(net, x)\n"
        "    return _seen[len(list(net.modules()))]",
        "is something clamped",
    ),
    "sorted_responses: sums": (curves(("fmean(layer)", "sum(layer)")), "these are sums"),
    "sorted_responses: the largest seed": (curves(("fmean(layer)", "max(layer)")), "the largest of all seeds"),
    "sorted_responses: the median": (curves(("fmean(layer)", "sorted(layer)[len(layer) // 2]")), "the largest of all seeds"),
    "sorted_responses: keys exchanged": (curves(("(record.arch, record.depth)", "(record.depth, record.arch)")), "lacks keys"),
    "sorted_responses: by depth alone": (curves(("(record.arch, record.depth)", "record.depth")), "lacks keys"),
    "sorted_responses: with the seed": (curves(("(record.arch, record.depth)", "(record.arch, record.depth, record.seed)")), "lacks keys"),
    "sorted_responses: not sorted": (curves(("sorted(layers, reverse=True)", "layers")), "the curve is not sorted"),
    "sorted_responses: turned around": (curves(("sorted(layers, reverse=True)", "layers[::-1]")), "turned around"),
    "sorted_responses: sorts the record's own list": (
        curves(('profiles.append(record.profile("response"))', 'own = record.profile("response")\n            own.sort(reverse=True)\n            profiles.append(own)')),
        "belongs to the caller",
    ),
    "sorted_responses: a label of its own": (curves(("if not record.label", "if record.label != 'decay-1'")), "keys that do not belong"),
    "sorted_responses: only the label": (curves(("if not record.label", "if record.label")), "with a label"),
    "sorted_responses: at most three seeds of one": (curves(("for record in records", "for record in records[:2]")), "lacks keys"),
    "sorted_responses: rounds": (curves(("fmean(layer)", "round(fmean(layer), 1)")), "rounded"),
    "sorted_responses: each seed the same length": (
        curves(("curves[key] = sorted(layers, reverse=True)", "curves[key] = sorted(layers, reverse=True)[:3]")),
        "a curve of 4 layers",
    ),
    "sorted_responses: the last record dropped": (curves(("for record in records", "for record in records[:-1]")), "is not right"),
    "decayed: Nesterov": (
        decayed(("        scale = scale - lr * velocity\n", "        scale = scale - lr * (weight_decay * scale + momentum * velocity)\n")),
        "one step of 2.0",
    ),
    "decayed: the sign": (decayed(("scale - lr", "scale + lr")), "the scale grows"),
    "decayed: the first learning rate": (decayed(("lr * velocity", "lrs[0] * velocity")), "the first learning rate"),
    "decayed: the mean learning rate": (decayed(("lr * velocity", "fmean(lrs) * velocity")), "torch.optim.SGD"),
    "decayed: one step fewer": (decayed(("for lr in lrs", "for lr in lrs[1:]")), "one step of 2.0"),
    "decayed: never below zero": (decayed(("    return scale", "    return max(scale, 0.0)")), "starts at -1.5"),
    "decayed: twice the square": (decayed(("weight_decay * scale", "2 * weight_decay * scale")), "the learning rate is left out"),
    "decayed: in the long run": (
        "def decayed(scale, lrs, weight_decay, momentum):\n    for lr in lrs:\n        scale *= 1 - lr * weight_decay / (1 - momentum)\n    return scale",
        "one step of 2.0",
    ),
    "decayed: the velocity forgotten at rate 0": (decayed(("        scale = ", "        if lr == 0:\n            velocity = 0.0\n        scale = ")), "starts at -1.5"),
    "decayed: a list": (decayed(("    return scale", "    return [scale]")), "a number is expected"),
    "decayed: pops the rates": (
        "def decayed(scale, lrs, weight_decay, momentum):\n    velocity = 0.0\n    while lrs:\n"
        "        velocity = momentum * velocity + weight_decay * scale\n        scale = scale - lrs.pop(0) * velocity\n    return scale",
        "belongs to the caller",
    ),
    "decayed: sorts the rates": (decayed(("for lr in lrs", "for lr in sorted(lrs)")), "torch.optim.SGD"),
    "decayed: rounds": (decayed(("    return scale", "    return round(scale, 3)")), "rounded"),
    "decayed: the gradient of the start": (decayed(("    velocity = 0.0\n", "    velocity = weight_decay * scale\n")), "one step of 2.0"),
    "decayed: decay after the step": (
        decayed(("        velocity = momentum * velocity + weight_decay * scale\n        scale = scale - lr * velocity\n",
                 "        scale = scale - lr * velocity\n        velocity = momentum * velocity + weight_decay * scale\n")),
        "one step of 2.0",
    ),
    "decayed: the check's": (
        "def decayed(scale, lrs, weight_decay, momentum):\n    from resnet_course.checks import responses as r\n"
        "    return r.by_the_optimizer(scale, lrs, weight_decay, momentum)",
        "write this yourself",
    ),
}
RIGHT = {
    "layer_stds: statistics from the layer's formula, on a copy": """
def layer_stds(net, x):
    saved, results = {}, {}
    twin = copy.deepcopy(net)
    for name, module in twin.named_modules():
        if isinstance(module, nn.BatchNorm2d) and ".shortcut." not in name:
            def hook(m, args, out, key=name):
                saved[key] = out.detach().clone()
            module.register_forward_hook(hook)
    twin.train(False)
    with torch.inference_mode():
        twin(x)
    for key, out in saved.items():
        results[key] = float(((out - out.mean()) ** 2).mean() ** 0.5)
    return results
""",
    "layer_stds: an exit stack": """
def layer_stds(net, x):
    from contextlib import ExitStack

    found = {}
    with ExitStack() as stack:
        for module in net.modules():
            stack.callback(setattr, module, "training", module.training)
        for name, module in net.named_modules():
            if type(module) is nn.BatchNorm2d and not name.count("shortcut"):
                def note(_m, _i, out, name=name):
                    mean = out.double().mean()
                    found[name] = ((out.double() - mean) ** 2).mean().sqrt().item()
                stack.callback(module.register_forward_hook(note).remove)
        net.eval()
        stack.enter_context(torch.no_grad())
        net(x)
    return found
""",
    "layer_stds: NumPy, with partial": """
def layer_stds(net, x):
    import functools
    import numpy as np

    stds, handles, before = {}, [], [(m, m.training) for m in net.modules()]

    def keep(name, module, inputs, output):
        stds[name] = float(np.std(output.numpy()))

    try:
        for name, m in net.named_modules():
            if isinstance(m, nn.BatchNorm2d) and "shortcut" not in name.split("."):
                handles += [m.register_forward_hook(functools.partial(keep, name))]
        net.eval()
        with torch.no_grad():
            net(x)
        return stds
    finally:
        [h.remove() for h in handles]
        [setattr(m, "training", mode) for m, mode in before]
""",
    "relative_sizes: walks through the network": """
def relative_sizes(net, x):
    found = {}
    with torch.no_grad():
        h = net.stem(x)
        for name, block in net.named_modules():
            if hasattr(block, "residual"):
                branch, carried = block.residual(h), block.shortcut(h)
                found[name] = float(branch.pow(2).sum().sqrt() / carried.pow(2).sum().sqrt())
                h = torch.relu(branch + carried)
    return found
""",
    "relative_sizes: hooks on a copy, blocks watched as a whole": """
def relative_sizes(net, x):
    twin, ratios = copy.deepcopy(net), {}

    def ratio(name):
        def hook(block, inputs, _output):
            f, s = block.residual(inputs[0]), block.shortcut(inputs[0])
            ratios[name] = (torch.linalg.vector_norm(f) / torch.linalg.vector_norm(s)).item()
        return hook

    for name, m in twin.named_modules():
        if "residual" in dict(m.named_children()):
            m.register_forward_hook(ratio(name))
    with torch.no_grad():
        twin(x)
    return ratios
""",
    "relative_sizes: NumPy": """
def relative_sizes(net, x):
    import numpy as np

    outs, handles = {}, []
    names = [n[: -len(".residual")] for n, _ in net.named_modules() if n.endswith(".residual")]
    try:
        for n in names:
            for part in "residual", "shortcut":
                hook = lambda m, i, o, k=(n, part): outs.__setitem__(k, o.detach().numpy().copy())
                handles.append(dict(net.named_modules())[f"{n}.{part}"].register_forward_hook(hook))
        with torch.inference_mode():
            net(x)
    finally:
        for h in handles:
            h.remove()
    size = {k: np.sqrt((v.astype(float) ** 2).sum()) for k, v in outs.items()}
    return {n: size[n, "residual"] / size[n, "shortcut"] for n in names}
""",
    "sorted_responses: NumPy": """
def sorted_responses(records):
    import numpy as np

    out = {}
    for key in {(r.arch, r.depth) for r in records if r.label == ""}:
        group = [r.profile("response") for r in records if (r.arch, r.depth) == key and r.label == ""]
        out[key] = -np.sort(-np.mean(group, axis=0))
    return out
""",
    "sorted_responses: running sums, a tuple": """
def sorted_responses(records):
    sums, counts = {}, {}
    for r in records:
        if len(r.label) > 0:
            continue
        key = r.arch, r.depth
        counts[key] = counts.get(key, 0) + 1
        old = sums.get(key, [0.0] * len(r.profile("response")))
        sums[key] = [a + b for a, b in zip(old, r.profile("response"))]
    return {key: tuple(sorted((s / counts[key] for s in sums[key]), key=lambda v: -v)) for key in sums}
""",
    "sorted_responses: tensors and lists": """
def sorted_responses(records):
    from collections import defaultdict

    groups = defaultdict(list)
    for r in filter(lambda r: not r.label, records):
        groups[(r.arch, r.depth)].append(torch.tensor(r.profile("response"), dtype=torch.float64))
    return {k: torch.stack(v).mean(0).sort(descending=True).values.tolist() for k, v in groups.items()}
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
    "decayed: a matrix for each step": """
def decayed(scale, lrs, weight_decay, momentum):
    import numpy as np

    state = np.array([scale, 0.0])
    for lr in lrs:
        step = np.array([[1 - lr * weight_decay, -lr * momentum], [weight_decay, momentum]])
        state = step @ state
    return state[0]
""",
    "decayed: in float32, by while": """
def decayed(scale, lrs, weight_decay, momentum):
    w, v, k = torch.tensor(scale, dtype=torch.float32), torch.zeros(()), 0
    while k < len(lrs):
        g = weight_decay * w
        v = momentum * v + g
        w = w - lrs[k] * v
        k += 1
    return float(w)
""",
    "decayed: reduce": """
def decayed(scale, lrs, weight_decay, momentum):
    from functools import reduce

    def step(state, lr):
        w, v = state
        v = momentum * v + weight_decay * w
        return w - lr * v, v

    return reduce(step, lrs, (scale, 0.0))[0]
""",
}
# Faults that a task cannot have: the network comes in eval mode, so it cannot be left in it.
SPARED = {
    "relative_sizes": {"leaves the network in eval mode", "keeps only the outer module's mode"},
}
FAMILY = {
    "layer_stds": "plain probe floats",
    "relative_sizes": "plain probe floats",
    "sorted_responses": "plain lists floats",
    "decayed": "plain lists floats",
}
