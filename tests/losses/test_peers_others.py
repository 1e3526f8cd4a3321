"""Other packages of docs/peers.md, and what it says to write in torch for what is ours alone.

Run by `pytest -m peers`.
"""

import numpy as np
import pytest
from agreement import CLOSE, agree, importing, with_torch

import fastloss as fl

pytestmark = pytest.mark.peers

LOOSE = {"rtol": 1e-9, "atol": 1e-12}  # theirs cancels


@pytest.fixture
def torch():
    return importing("torch")


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def close(one, two, **tolerance):
    np.testing.assert_allclose(one, two, **(tolerance or CLOSE))


# ---- Other packages ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "alpha"), [("charbonnier", 1.0), ("cauchy", 0.0), ("geman_mcclure", -2.0), ("welsch", -np.inf)]
)
def test_kornia_robust(torch, rng, name, alpha):
    theirs = getattr(importing("kornia.losses"), f"{name}_loss")
    p, y = 3 * rng.standard_normal((2, 1, 1, 50, 4))
    for one, two in zip(fl.robust.value_and_grad(p, y, alpha=alpha), with_torch(torch, theirs, p, y), strict=True):
        close(one, two, **LOOSE)


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_kornia_focal(torch, rng, gamma):
    theirs = importing("kornia.losses").focal_loss
    x, y, w = 4 * rng.standard_normal((60, 6)), rng.integers(0, 6, 60), rng.uniform(0.5, 2, 6)
    got = fl.softmax_focal(x, y, gamma=gamma, class_weight=w)
    tensors = torch.tensor(x), torch.tensor(y)
    want = theirs(*tensors, alpha=None, gamma=gamma, weight=torch.tensor(w))
    assert want.shape == x.shape
    close(got, want.sum(1), **LOOSE)
    balance = np.where(np.arange(6) == 0, 0.75, 0.25)
    got = fl.softmax_focal(x, y, gamma=gamma, class_weight=balance)
    close(got, theirs(*tensors, alpha=0.25, gamma=gamma).sum(1), **LOOSE)


def test_torchmetrics_symmetric_percentage(torch, rng):
    theirs = importing("torchmetrics.functional.regression").symmetric_mean_absolute_percentage_error
    ours = fl.symmetric_absolute_percentage_error
    p, y = rng.standard_normal((2, 100))
    close(ours(p, y, reduction="mean"), theirs(torch.tensor(p), torch.tensor(y)).item())
    near = np.array([1e-7]), np.array([2e-7])
    assert theirs(*map(torch.tensor, near)).item() < ours(*near)[0]


# ---- Ours alone ----------------------------------------------------------------------------


def test_center_in_torch(torch, rng):
    x, centers, y = rng.standard_normal((30, 5)), rng.standard_normal((4, 5)), rng.integers(0, 4, 30)
    close(fl.center(x, centers, y), ((torch.tensor(x) - torch.tensor(centers)[y]) ** 2).sum(1) / 2)


def test_disagreement_in_torch(torch, rng):
    x, y = rng.integers(0, 4, (2, 50, 5)).astype(float)
    theirs = (torch.tensor(x).argmax(-1) != torch.tensor(y).argmax(-1)).double()
    np.testing.assert_array_equal(fl.disagreement(x, y), theirs)


def test_distillation_in_torch(torch, rng):
    F, T = torch.nn.functional, 3.0

    def function(logits, target):
        logs = F.log_softmax(logits / T, -1), F.log_softmax(target / T, -1)
        return T**2 * F.kl_div(*logs, reduction="none", log_target=True).sum(-1)

    x, y = 4 * rng.standard_normal((2, 100, 7))
    agree(fl.distillation.value_and_grad(x, y, temperature=T), with_torch(torch, function, x, y))


def test_feature_distance_in_torch(torch, rng):
    a, b = ([rng.standard_normal((2, 3, 4, 4)), rng.standard_normal((2, 8))] for _ in range(2))
    layers = [torch.nn.functional.mse_loss(torch.tensor(one), torch.tensor(two)) for one, two in zip(a, b, strict=True)]
    got = fl.feature_distance(a, b, layer_weights=(0.5, 2.0), reduction="mean")
    close(got, (0.5 * layers[0] + 2 * layers[1]).item())


def test_l2_softmax_in_torch(torch, rng):
    F, scale = torch.nn.functional, 16.0
    x, w, bias = rng.standard_normal((30, 5)), rng.standard_normal((4, 5)), rng.standard_normal(4)
    y = rng.integers(0, 4, 30)
    logits = scale * F.normalize(torch.tensor(x)) @ torch.tensor(w).T + torch.tensor(bias)
    want = F.cross_entropy(logits, torch.tensor(y), reduction="none")
    close(fl.l2_softmax(x, w, y, scale=scale, bias=bias), want, **LOOSE)
