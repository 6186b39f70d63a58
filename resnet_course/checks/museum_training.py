"""Self-checks of assignment 9, exhibits of training: schedule, order, report, loading, statistics."""

import torch
from torch import nn
from torch.utils.data import DataLoader

from . import check, expect, result, same
from .diagnosis import diagnose


@check
def scheduler(answer) -> None:
    """The rates that the optimizer really uses."""
    seen = _rates(answer, 3, [6, 8])
    first = [round(rate, 6) for rate, _ in seen]
    expect(
        first[:3] == [0.01] * 3,
        f"the first 3 steps should have a tenth of the rate, the rates are {first}",
    )
    expect(first[3] == 0.1, f"the warm-up is over at step 3, the rates are {first}")
    expect(first[3:6] == [0.1] * 3, f"nothing may drop before step 6, the rates are {first}")
    expect(
        first[6:] == [0.01] * 2 + [0.001] * 2,
        f"drops at 6 and 8 count from the first step, the rates are {first}",
    )
    expect(
        all(same(two, 10 * one) for one, two in seen), "every group of parameters has its own rate"
    )
    expect(
        _rates(answer, 0, [20])[0][0] == 0.1,
        "without a warm-up the first step should have the whole rate",
    )


def _rates(answer, warm_up: int, drops: list[int]) -> list[list[float]]:
    sgd = torch.optim.SGD(
        [{"params": [nn.Parameter(torch.zeros(1))], "lr": lr} for lr in (0.1, 1.0)]
    )
    plan, seen = answer(sgd, warm_up, drops), []
    expect(hasattr(plan, "step"), "return the scheduler")
    for _ in range(10):
        seen.append([group["lr"] for group in sgd.param_groups])
        sgd.step()
        plan.step()
    return seen


@check
def loader(answer) -> None:
    """The orders of three epochs, told twice."""
    tales = []
    for seed in (0, 0, 1):
        batches = result(answer, range(20), 8, seed, of=DataLoader)
        torch.rand(1 + len(tales))  # others draw random numbers, too
        tales.append([[int(x) for batch in batches for x in batch] for _ in range(3)])
    expect(
        all(len(order) == 20 for order in tales[0]),
        f"of 20 examples {len(tales[0][0])} come in an epoch",
    )
    expect(
        all(set(order) == set(range(20)) for order in tales[0]),
        "some examples come twice, others not at all",
    )
    expect(tales[0][0] != list(range(20)), "the order is that of the data: nothing is shuffled")
    expect(tales[0][0] != tales[0][1], "two epochs have the same order")
    expect(tales[0] == tales[1], "two loaders of the same seed go through different orders")
    expect(tales[0] != tales[2], "two loaders of different seeds go through the same orders")


@check
def reported(answer) -> None:
    """Lists that tell who chose."""
    got = result(answer, [9.0, 5.0, 7.0], [4.0, 6.0, 3.0], of=float)
    faults = {
        "the test set chose the epoch": 3,
        "this is a validation error": 5,
        "this is the last epoch's": 3.001,
    }
    diagnose(got, 6, faults, "the epoch is not the one that validation likes best")
    expect(
        answer([5.0, 5.0], [8.0, 1.0]) == 8,
        "of equal epochs take the earliest; nothing of the test set may decide",
    )
    expect(
        answer([2.0, 1.0, 3.0], [2.0, 9.0, 4.0]) == 9,
        "validation may choose badly; the report must say so all the same",
    )


@check
def load(answer) -> None:
    """Every tensor, with and without prefix; then what must be refused."""
    trained = nn.ModuleDict({"submodule": nn.Linear(2, 2), "head": nn.Linear(2, 3)}).state_dict()
    for prefix in ("module.", ""):
        weights = {prefix + name: tensor for name, tensor in trained.items()}
        net = nn.ModuleDict({"submodule": nn.Linear(2, 2), "head": nn.Linear(2, 3)})
        names = list(weights)
        expect(result(answer, net, weights, of=nn.Module) is net, "return the network")
        equal = sum(torch.equal(tensor, trained[name]) for name, tensor in net.state_dict().items())
        expect(equal == 4, f"with names like {names[0]}, {equal} of 4 tensors are loaded")
        expect(list(weights) == names, "the dictionary of weights has changed")
        for what in ({prefix + "more": torch.zeros(1), **weights}, dict(list(weights.items())[1:])):
            try:
                answer(net, what)
            except RuntimeError:
                continue
            expect(False, f"{len(what)} tensors for a network of 4 went in without an error")


@check
def updates(answer) -> None:
    """Counts of a step that runs one part three times, another once, a third in eval mode."""
    net, x = nn.Sequential(*(nn.BatchNorm2d(2) for _ in range(4))), torch.randn(4, 2, 3, 3)
    net(x)
    net[2].eval()
    before, called = {n: b.clone() for n, b in net.named_buffers()}, []

    def step(module):
        called.append(module)
        module[2](module[1](module[0](module[0](module[0](x)))))

    got = result(answer, net, step, of=dict)
    expect(called == [net], f"step(net) should run once, it ran {len(called)} times")
    expect(
        list(got) == list("0123"),
        f"expected the names 0, 1, 2, 3, found {', '.join(map(str, got))}",
    )
    expect(
        got["0"] == 3 and got["1"] == 1,
        f"statistics were updated 3 times and once, you say {got['0']}, {got['1']}",
    )
    expect(
        got["2"] == 0 and got["3"] == 0,
        "one in eval mode and one that never ran were updated 0 times",
    )
    expect(
        all(torch.equal(b, before[n]) for n, b in net.named_buffers()),
        "buffers are not what they were before",
    )
    try:
        answer(net, lambda module: step(module) or module[9])
    except IndexError:
        expect(
            all(torch.equal(b, before[n]) for n, b in net.named_buffers()),
            "after an error buffers have moved",
        )
