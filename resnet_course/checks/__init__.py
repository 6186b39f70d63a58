"""Self-checks for exercises: type, shape, value, then behaviour; one sentence names the fault and not the answer."""

import copy
import functools
import traceback
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn


class CheckFailed(AssertionError):
    """What a check raises; its message is a sentence for the student."""

    def _render_traceback_(
        self,
    ) -> list[str]:  # IPython asks for this, and shows it in place of the traceback
        return [f"Not yet: {self}"]


def expect(truth: object, sentence: str) -> None:
    """Raise CheckFailed with the sentence unless `truth`."""
    if not truth:
        raise CheckFailed(sentence)


def check(function: Callable) -> Callable:
    """Make a public check of `function(answer)`: the same seed every time, one calm line when the answer passes.

    An error of the answer's own becomes a CheckFailed that names the student's line; NotImplementedError, which an
    unwritten answer raises, stays what it is. The caller's random state is left alone.
    """

    @functools.wraps(function)
    def checked(*answers) -> None:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(0)
            try:
                function(*answers)
            except (CheckFailed, NotImplementedError):
                raise
            except Exception as error:
                steps = traceback.extract_tb(error.__traceback__)
                own = [
                    s
                    for s in steps
                    if "site-packages" not in s.filename and "resnet_course" not in s.filename
                ]
                place = f" in line {own[-1].lineno}, `{own[-1].line}`" if own else ""
                raise CheckFailed(
                    f"your code stopped{place}: {type(error).__name__}: {error}"
                ) from error
        print(f"{function.__name__}: passed.")

    return checked


def result(answer: Callable, *inputs, of: type = Tensor, shape: Sequence[int] | None = None):
    """What the answer returns, once it has the right type and shape and the inputs are as they were."""
    kept = copy.deepcopy(inputs)
    got = answer(*inputs)
    expect(got is not None, "nothing is returned: is there a `return`?")
    expect(isinstance(got, of), f"a {of.__name__} is expected, a {type(got).__name__} is returned")
    if shape is not None:
        expect(
            tuple(got.shape) == tuple(shape),
            f"the shape should be {tuple(shape)}, it is {tuple(got.shape)}",
        )
    whole = all(
        torch.equal(x, y) for x, y in zip(inputs, kept, strict=True) if isinstance(x, Tensor)
    )
    expect(whole, "the input has changed: something works on it in place")
    return got


def same(got, wanted, tolerance: float = 1e-4) -> bool:
    """Numbers, lists or tensors equal up to the rounding that another order of the same operations brings."""
    got, wanted = (torch.as_tensor(x).detach().double() for x in (got, wanted))
    return got.shape == wanted.shape and torch.allclose(got, wanted, rtol=tolerance, atol=tolerance)


def stirred(module: nn.Module) -> nn.Module:
    """The module with random weights, scales, shifts and statistics, so that none can be left out unseen."""
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.is_floating_point():
            tensor.data = (
                0.5 + torch.rand_like(tensor) if tensor.dim() < 2 else torch.randn_like(tensor) / 4
            )
    return module


def learns(module: nn.Module, x: Tensor) -> None:
    """Every parameter and the input get a gradient; batch norms move once in training mode and not in eval mode."""
    norms = {name: m for name, m in module.named_modules() if isinstance(m, nn.BatchNorm2d)}
    before = {name: int(norm.num_batches_tracked) for name, norm in norms.items()}
    out, x = module.eval()(x), x.clone().requires_grad_()
    (module.train()(x) * torch.randn_like(out)).sum().backward()
    expect(x.grad is not None and x.grad.any(), "no gradient reaches the input")
    idle = [name for name, p in module.named_parameters() if p.grad is None or not p.grad.any()]
    expect(not idle, f"these parameters get no gradient, so they are not used: {', '.join(idle)}")
    wrong = [n for n, norm in norms.items() if int(norm.num_batches_tracked) != before[n] + 1]
    expect(
        not wrong,
        f"these batch norms should see a batch once, in training mode alone: {', '.join(wrong)}",
    )
