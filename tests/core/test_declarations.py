"""What a line of csrc/losses.def and a declaration can say: bounds that are other parameters, no default, no target."""

import inspect
import pickle

import numpy as np
import pytest

import fastloss as fl

X = np.linspace(-9.0, 9.0, 12).reshape(4, 3)


def raises(error, message):
    return pytest.raises(error, match=f"^{message}")


# ---- a bound that is another parameter -----------------------------------------------------


def test_a_bound_is_checked_against_the_parameter_in_force():
    with raises(ValueError, "b must be > a, got a=4.0, b=2.0"):
        fl.hampel(X, a=4.0, b=2.0)
    with raises(ValueError, "b must be > a, got a=5.0, b=4.0"):
        fl.hampel.bind(a=5.0)
    with raises(ValueError, "c must be > b, got b=7.0, c=7.0"):
        fl.get("hampel", b=7.0).grad(X, c=7.0)
    assert fl.hampel.bind(a=3.0).parameters == {"a": 3.0, "b": 4.0, "c": 8.0}
    assert fl.hampel.bind(a=5.0, c=9.0, b=6).parameters == {"a": 5.0, "b": 6.0, "c": 9.0}


def test_integers_as_parameters_are_floats():
    assert fl.huber.bind(delta=2) == fl.huber.bind(delta=2.0)
    assert fl.huber.bind(delta=np.array([1, 2], np.int8)) == fl.huber.bind(delta=[1.0, 2.0])
    assert fl.cross_entropy.bind(class_weight=[1, 3]) == fl.cross_entropy.bind(class_weight=[1.0, 3.0])


def test_a_bound_holds_element_by_element():
    a, b = np.array([1.0, 2.0, 3.0]), np.array([[3.5], [4.0], [5.0], [6.0]])
    want = [[fl.hampel(X[i, j], a=a[j], b=b[i, 0]) for j in range(3)] for i in range(4)]
    np.testing.assert_array_equal(fl.hampel(X, a=a, b=b), want)
    with raises(ValueError, "b must be > a, got a=4.0, b=3.5"):
        fl.hampel(X, a=a + 1, b=b)
    with raises(ValueError, r"b of shape \(2,\) and a of shape \(3,\) do not broadcast against each other"):
        fl.hampel(X, a=a, b=[5.0, 6.0])


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_a_bounded_parameter_is_a_finite_number(name):
    with raises(ValueError, f"{name} must not be NaN"):
        fl.hampel(X, **{name: np.nan})
    with raises(ValueError, f"{name} must be finite, got inf"):
        fl.hampel(X, **{name: np.inf})


@pytest.mark.parametrize(
    ("loss", "given", "message"),
    [
        (fl.quantile, {"q": 1.0}, "q must be > 0 and < 1, got 1.0"),
        (fl.binary_cross_entropy, {"eps": 0.5}, "eps must be >= 0 and < 0.5, got 0.5"),
        (fl.sigmoid_focal, {"alpha": 1.5}, "alpha must be <= 1, got 1.5"),
        (fl.hinge, {"margin": -np.inf}, "margin must be finite, got -inf"),
        (fl.tweedie, {"power": np.nan}, "power must not be NaN"),
    ],
)
def test_every_form_of_a_domain(loss, given, message):
    ((name, value),) = given.items()
    for bad in (value, np.array([loss.parameters[name], value])):
        with raises(ValueError, message):
            loss([0.5, 0.5], [1.0, 1.0], **{name: bad})


# ---- a parameter without a default ---------------------------------------------------------


def test_a_parameter_without_a_default_is_required():
    assert inspect.signature(fl.gaussian_nll).parameters["var"].default is inspect.Parameter.empty
    assert "var" not in fl.gaussian_nll.parameters
    for output in (fl.gaussian_nll, fl.gaussian_nll.grad, fl.gaussian_nll.weight):
        with raises(TypeError, "gaussian_nll requires var"):
            output(X)
    with raises(TypeError, "gaussian_nll has no parameter 'vra'; did you mean: var"):
        fl.gaussian_nll(X, vra=1.0)


def test_the_parameters_that_an_unknown_one_may_be():
    """In a call, what calls take beside them too."""
    with raises(TypeError, "huber has no parameter 'redction'; did you mean: reduction?"):
        fl.huber(X, redction="sum")
    for name in ("bogus", "out", "target"):
        with raises(TypeError, rf"huber has no parameter '{name}'; did you mean: delta\?$"):
            fl.get("huber", **{name: 1})
    with raises(TypeError, "log_cosh has no parameter 'c'; it has none"):
        fl.log_cosh.bind(c=1)


def test_a_required_parameter_may_be_bound():
    bound = fl.gaussian_nll.bind(var=4.0)
    assert repr(bound) == "gaussian_nll(var=4.0)"
    np.testing.assert_array_equal(bound(X), fl.gaussian_nll(X, var=4.0))
    for loss in (bound, fl.gaussian_nll):
        assert pickle.loads(pickle.dumps(loss)) == loss
    assert bound != fl.gaussian_nll


# ---- no target -----------------------------------------------------------------------------


def test_a_loss_of_pred_alone_takes_no_target():
    assert not fl.entropy.takes_target and not fl.entropy.requires_target
    assert "target" not in inspect.signature(fl.entropy).parameters
    for output in (fl.entropy, fl.entropy.grad, fl.entropy.value_and_grad):
        with raises(TypeError, "entropy is a function of pred alone and takes no target"):
            output([0.5], [1.0])


# ---- docstrings ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", fl.list_losses())
def test_a_docstring_is_in_sections(name):
    text = fl.get(name).__doc__
    titles = [line for line, rule in zip(text.splitlines(), text.splitlines()[1:], strict=False) if set(rule) == {"-"}]
    assert titles == ["Parameters", "Returns", "Raises", "Methods", "Source", "Examples"]
    assert "\nDomain: " in text and "\nFormula: " in text
    for parameter in inspect.signature(fl.get(name)).parameters:
        assert f"\n{parameter} : " in text


def test_a_docstring_is_the_same_of_a_bound_loss_and_not_that_of_the_class():
    assert fl.huber.bind(delta=2.0).__doc__ == fl.huber.__doc__ != type(fl.huber).__doc__
    assert inspect.getdoc(fl.huber).startswith("Huber's loss")
    assert pickle.loads(pickle.dumps(fl.huber)).__doc__ == fl.huber.__doc__
