"""A loss is complete, or a test here names the piece that is missing."""

import doctest
import inspect
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from catalogue import ELEMENTWISE, LOSSES, ROWWISE
from oracles import ORACLES
from oracles.rows import ROWS

import fastloss as fl

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = sorted(name for name in fl.__all__ if callable(getattr(fl, name)))


def losses_def():
    """{name: (traits, domains)} of csrc/losses.def, the list that the kernels are made from."""
    text = (ROOT / "csrc" / "losses.def").read_text(encoding="utf-8")
    lines = re.findall(r"^(?:LOSS\((\w+), \w+|SHIFTED\((\w+)), \w+, ([^,)]*)([^)]*)\)", text, re.MULTILINE)
    return {
        loss or shifted: (
            {trait.lower() for trait in re.findall(r"FL_(\w+)", traits)},
            dict(re.findall(r'"(\w+) ([^"]*)"', domains)),
        )
        for loss, shifted, traits, domains in lines
    }


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_has_an_oracle(name):
    assert name in ORACLES, f"{name} has no entry in tests/oracles/"


@pytest.mark.parametrize("name", ROWWISE)
def test_has_a_row_oracle(name):
    assert name in ROWS, f"{name} has no line in ROWS of tests/oracles/rows.py"


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_oracle_cases_name_the_parameters(name):
    for case in ORACLES[name].cases:
        assert set(case) <= set(fl.get(name).domains)


@pytest.mark.parametrize("name", LOSSES)
def test_is_public(name):
    assert hasattr(fl, name), f"fastloss/__init__.py does not export {name}"
    assert name in fl.__all__, f"fastloss.__all__ lacks {name}"
    assert getattr(fl, name) == fl.get(name)


@pytest.mark.parametrize("name", LOSSES)
def test_is_documented(name):
    text = fl.get(name).__doc__ or ""
    for piece in ("Parameters", "Returns", ">>>"):
        assert piece in text, f"the docstring of {name} lacks {piece!r}"
    for parameter in fl.get(name).domains:
        assert parameter in text, f"the docstring of {name} lacks its parameter {parameter}"


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_agrees_with_losses_def(name):
    listed = losses_def()
    assert name in listed, f"{name} has no line in csrc/losses.def"
    traits, domains = listed[name]
    loss = fl.get(name)
    assert loss.traits == traits - {"carries_nan"}  # which is for the loops alone
    assert dict(loss.domains) == domains
    assert set(loss.parameters) <= set(domains)


def test_every_kernel_is_registered():
    missing = set(losses_def()) - set(LOSSES)
    assert not missing, f"in csrc/losses.def, but without a public loss: {sorted(missing)}"


@pytest.mark.parametrize("name", LOSSES)
def test_is_typed(name):
    package = Path(fl.__file__).parent
    stubs = "".join(path.read_text(encoding="utf-8") for path in package.glob("*.pyi"))
    assert re.search(rf"\b{name}\b", stubs), f"the stubs of {package} lack {name}"


@pytest.mark.parametrize("name", sorted({*PUBLIC, *LOSSES}))
def test_examples_of_the_docstring(name):
    """Losses are objects, whose docstrings the usual collection does not find."""
    text = inspect.getdoc(getattr(fl, name)) or ""
    names = {"fl": fl, "np": np}
    examples = doctest.DocTestParser().get_doctest(text, names, name, None, None)
    report = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    runner = doctest.DocTestRunner(optionflags=flags, verbose=False)
    runner.run(examples, out=report.append)
    assert not report, "".join(report)


def test_bind_is_a_value():
    loss = fl.robust.bind(alpha=-2.0, scale=0.1)
    assert repr(loss) == "robust(alpha=-2.0, scale=0.1)"
    assert loss == fl.get("robust", alpha=-2.0, scale=0.1)
    assert loss != fl.robust.bind(alpha=-2.0)
    assert hash(loss) == hash(fl.get("robust", scale=0.1, alpha=-2.0))
    again = pickle.loads(pickle.dumps(loss))
    assert again == loss
    x = np.linspace(-3, 3, 7)
    np.testing.assert_array_equal(again(x), fl.robust(x, alpha=-2.0, scale=0.1))


@pytest.mark.parametrize("name", LOSSES)
def test_plain_losses_survive_pickling(name):
    assert pickle.loads(pickle.dumps(fl.get(name))) == fl.get(name)
