"""docs/peers.md names every loss of the libraries that are installed, and says of ours only what is there.

Run by `pytest -m peers`.
"""

import inspect
import re
from pathlib import Path

import pytest
from agreement import importing

import fastloss as fl

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "peers.md").read_text(encoding="utf-8")


def table(title):
    """[(theirs, ours)] of the section with this title."""
    (section,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return re.findall(r"^\| `([\w.]+)` \| (?:`(\w+)`|none) \| \S.* \|$", section, re.MULTILINE)


def classes(module, base=object):
    return {name for name, found in vars(module).items() if inspect.isclass(found) and issubclass(found, base)}


def functions(module, pattern):
    return {name for name in dir(module) if re.search(pattern, name) and callable(getattr(module, name))}


def of_sklearn(module):
    # some are not listed in __all__, and the base is no loss
    return classes(module, module.BaseLoss) - {"BaseLoss"}


SECTIONS = {
    "torch.nn.functional": ("torch.nn.functional", lambda m: functions(m, r"^[^_].*(_loss$|entropy)|^kl_div$")),
    "optax.losses": ("optax.losses", lambda m: functions(m, r"^[a-z]")),
    "sklearn._loss": ("sklearn._loss.loss", of_sklearn),
    "sklearn.linear_model": (
        "sklearn.linear_model",
        lambda m: set(m.SGDClassifier.loss_functions) | set(m.SGDRegressor.loss_functions),
    ),
    "sklearn.metrics": (
        "sklearn.metrics",
        lambda m: {name for name in m.__all__ if re.search(r"_loss|_error|deviance|accuracy|^d2_", name)},
    ),
    "scipy": (
        "scipy.special",
        lambda m: {
            f"special.{name}" for name in ("huber", "pseudo_huber", "rel_entr", "kl_div", "entr") if hasattr(m, name)
        },
    ),
    "statsmodels.robust.norms": ("statsmodels.robust.norms", lambda m: classes(m, m.RobustNorm)),
    "GTSAM (noiseModel.mEstimator)": (
        "gtsam",
        lambda m: classes(m.noiseModel.mEstimator, m.noiseModel.mEstimator.Base) - {"Base"},
    ),
    # of those that are no combinations it does not bind three
    "Ceres Solver": ("pyceres", lambda m: functions(m, r".Loss$") | {"ArctanLoss", "TolerantLoss", "TukeyLoss"}),
}
# Of which the page has only those that are ours
IN_PART = ("pytorch-metric-learning", "Other packages")
# What is named with its package there
METRIC_LEARNING = [f"pytorch_metric_learning.losses.{theirs}" for theirs, _ in table("pytorch-metric-learning")]
OTHERS = [theirs for theirs, _ in table("Other packages")]


@pytest.mark.peers
@pytest.mark.parametrize("title", SECTIONS)
def test_every_loss_of_the_library_is_named(title):
    module, names = SECTIONS[title]
    found = names(importing(module))
    assert found
    missing = found - {theirs for theirs, _ in table(title)}
    assert not missing, f"docs/peers.md says nothing of {sorted(missing)} in {title}"


@pytest.mark.peers
@pytest.mark.parametrize("theirs", METRIC_LEARNING + OTHERS)
def test_a_loss_that_is_named_is_in_the_library(theirs):
    module, _, name = theirs.rpartition(".")
    assert hasattr(importing(module), name)


@pytest.mark.parametrize("title", [*SECTIONS, *IN_PART])
def test_what_is_said_to_be_ours_is_there(title):
    rows = table(title)
    assert len({theirs for theirs, _ in rows}) == len(rows)
    ours = {ours for _, ours in rows if ours}
    assert ours
    assert not {name for name in ours if not hasattr(fl, name)}


def test_all_rows_of_the_page_are_read():
    rows = [line for line in PAGE.partition("\n## Ours alone\n")[0].splitlines() if line.startswith("| `")]
    assert sum(len(table(title)) for title in [*SECTIONS, *IN_PART]) == len(rows)


@pytest.mark.parametrize("name", fl.list_losses())
def test_what_is_ours_alone_is_said_to_be(name):
    named, _, alone = PAGE.partition("\n## Ours alone\n")
    is_named = re.search(rf"^\| .*`{name}\b.* \|$", named, re.MULTILINE)
    assert is_named or f"\n| `{name}` | " in alone
    assert not (is_named and f"\n| `{name}` | " in alone)
