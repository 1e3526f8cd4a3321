"""Names of losses that people know from elsewhere, and names of none."""

import pytest

import fastloss as fl
from fastloss.core.aliases import ALIASES


@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_is_a_loss_of_the_catalogue(alias):
    assert alias not in fl.list_losses()
    assert fl.get(alias) is fl.get(ALIASES[alias])


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        ("MSELoss", "squared_error"),
        ("L1", "absolute_error"),
        ("Huber", "huber"),
        ("huber_loss", "huber"),
        ("SmoothL1Loss", "smooth_l1"),
        ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits"),
        ("cross-entropy", "cross_entropy"),
        ("sparse_categorical_crossentropy", "cross_entropy"),
        ("geman-mcclure", "geman_mcclure"),
        ("InfoNCE", "info_nce"),
    ],
)
def test_case_and_joints_do_not_matter(name, loss):
    assert fl.get(name) is fl.get(loss)


def test_parameters_are_bound():
    assert fl.get("pinball", q=0.9) == fl.quantile.bind(q=0.9)


@pytest.mark.parametrize(
    ("name", "near"), [("hubr", "huber"), ("mea", "mae"), ("crosentrpy", "cross_entropy"), ("cross", "cross_entropy")]
)
def test_an_unknown_name_lists_near_ones(name, near):
    with pytest.raises(ValueError, match=f"unknown loss '{name}'; did you mean: ") as caught:
        fl.get(name)
    names = str(caught.value).partition("did you mean: ")[2].rstrip("?").split(", ")
    assert near in names and len(names) <= 5


def test_a_name_like_no_other_lists_none():
    with pytest.raises(ValueError, match=r"unknown loss 'zzzzz'; list_losses\(\) names all"):
        fl.get("zzzzz")
