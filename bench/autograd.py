"""Forward and backward of losses of torch tensors beside torch's own, or expressions where torch has none.

    python bench/autograd.py [--elements N] [--threads N] [--rounds N]

The mean and its gradient by the predictions. Both take turns, a step each; the least times count, and their ratio.
"""

import argparse
import time

import torch
from timing import machine
from torch.nn import functional as F

import fastloss as fl
from fastloss.integrations.torch import function


def robust(x, y, alpha=-2.0):
    scaled = (x - y) ** 2 / abs(alpha - 2)
    return (abs(alpha - 2) / alpha * ((scaled + 1) ** (alpha / 2) - 1)).mean()


def sigmoid_focal(x, y, alpha=0.25, gamma=2):
    p, loss = torch.sigmoid(x), F.binary_cross_entropy_with_logits(x, y, reduction="none")
    return (torch.where(y == 1, alpha, 1 - alpha) * loss * torch.where(y == 1, 1 - p, p) ** gamma).mean()


def softmax_focal(x, y, gamma=2):
    log_p = F.log_softmax(x, -1).gather(1, y[:, None])
    return (-((1 - log_p.exp()) ** gamma) * log_p).mean()


def cases(elements, dtype):
    """(name, ours, torch's, predictions, target)"""
    for classes in (10, 100, 1000):
        logits = 3 * torch.randn(elements // classes, classes, dtype=dtype)
        labels = torch.randint(classes, logits.shape[:1])
        yield f"cross_entropy, {classes} classes", function("cross_entropy"), F.cross_entropy, logits, labels
        yield f"softmax_focal, {classes} classes", function("softmax_focal"), softmax_focal, logits, labels
    x, y = 3 * torch.randn(elements, dtype=dtype), torch.randn(elements, dtype=dtype)
    labels = (y > 0).to(dtype)
    yield "robust, alpha -2", function(fl.robust.bind(alpha=-2.0)), robust, x, y
    yield "huber", function("huber"), F.huber_loss, x, y
    yield "logistic", function("logistic"), F.soft_margin_loss, x, 2 * labels - 1
    yield "sigmoid_focal", function("sigmoid_focal"), sigmoid_focal, x, labels


def step(f, x, y):
    x.grad = None
    f(x, y).backward()
    return x.grad


def least_times(functions, x, y, rounds):
    least = [float("inf")] * len(functions)
    for _ in range(rounds):
        for i, f in enumerate(functions):
            begin = time.perf_counter()
            step(f, x, y)
            least[i] = min(least[i], time.perf_counter() - begin)
    return least


def table(elements, rounds):
    lines = ["| | dtype | fastloss, us | torch, us | ratio |", "|---|---|---:|---:|---:|"]
    for dtype in (torch.float32, torch.float64):
        for name, ours, theirs, x, y in cases(elements, dtype):
            x.requires_grad_()
            torch.testing.assert_close(step(ours, x, y).clone(), step(theirs, x, y), rtol=1e-3, atol=1e-9)
            a, b = least_times((ours, theirs), x, y, rounds)
            lines.append(f"| {name} | {str(dtype)[6:]} | {1e6 * a:.0f} | {1e6 * b:.0f} | {b / a:.2f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--elements", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=300)
    given = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(given.threads)
    fl.set_num_threads(given.threads)
    print(f"{machine()}, torch {torch.__version__}, {given.elements} elements, {given.threads} threads")
    print(table(given.elements, given.rounds))


if __name__ == "__main__":
    main()
