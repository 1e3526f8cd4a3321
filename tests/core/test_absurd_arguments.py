"""What no call takes, as every argument of every loss: an error that names the argument, before anything is written."""

import copy
import json
import pickle
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from absurd import ABSURD
from catalogue import ELEMENTWISE, EMBEDDINGS, LOSSES, ROWWISE, arrays, ready

import fastloss as fl

ERRORS = (TypeError, ValueError, IndexError)
ROWS = 6


def points(name):
    if name in ELEMENTWISE:
        return arrays(name, (ROWS, 4))
    if name in ROWWISE and name not in EMBEDDINGS:
        logits = np.random.default_rng(0).standard_normal((ROWS, 4))
        if name == "nll":
            logits = fl.log_softmax(logits)
        return logits, logits[::-1] if ready(name).targets == "logits" else np.arange(ROWS) % 4
    rows = np.random.default_rng(0).standard_normal((ROWS, 4))
    loss = fl.get(name)
    given = [[rows] if name == "feature_distance" else rows for _ in loss.arrays]
    return (*given, np.arange(ROWS) % 2) if loss.takes_target else tuple(given)


def keywords(name):
    """Of all methods of a loss, but for those whose absurd values some are right."""
    loss = fl.get(name)
    names = [*loss.domains, "sample_weight", "reduction", "num_threads"]
    names += ["axis"] if name in ROWWISE and name not in EMBEDDINGS else []
    return [*names, "wrt"] if name in EMBEDDINGS else [*names, "out", "outputs"]


def positions(name):
    loss = fl.get(name)
    if name in EMBEDDINGS:
        return [*loss.arrays, *([loss.target_name] if loss.takes_target else [])]
    return ["logits" if name in ROWWISE else "pred", *(["target"] if loss.takes_target else [])]


def is_right(name, keyword, what):
    """Any integer is a label to ignore, or a rank; text alone is no list of names; None is a default."""
    if keyword in ("ignore_index", "k") and what in ("huge", "minus huge", "of 5000 digits"):
        return what != "minus huge" or keyword == "ignore_index"
    if keyword == "p":
        return what == "no float"
    if keyword == "num_threads":
        return what in ("huge", "of 5000 digits")
    return False


def refused(call, name, keyword, what):
    try:
        call()
    except ERRORS as error:
        assert keyword in str(error), f"{keyword}={what}: {type(error).__name__}: {error}"  # noqa: PT017
        assert len(str(error)) < 1000  # noqa: PT017
    else:
        assert is_right(name, keyword, what), f"{keyword}={what} was taken"


@pytest.mark.parametrize("name", LOSSES)
def test_keywords(name):
    loss, given = ready(name), points(name)
    for keyword in keywords(name):
        for what, value in ABSURD.items():
            run = loss.evaluate if keyword == "outputs" else loss.grad
            named = {"outputs": "grad"} if keyword == "out" else {}
            run = loss.evaluate if keyword == "out" else run
            refused(lambda: run(*given, **named, **{keyword: value}), name, keyword, what)  # noqa: B023
            if keyword in loss.domains:
                refused(lambda: loss.bind(**{keyword: value})(*given), name, keyword, what)  # noqa: B023


@pytest.mark.parametrize("name", LOSSES)
def test_arrays(name):
    loss, given = ready(name), points(name)
    for place, argument in enumerate(positions(name)):
        for what, value in ABSURD.items():
            if what in ("list", "another shape", "32 dimensions") and (len(given) == 1 or name in ROWWISE):
                continue  # as good as another
            if what == "huge" or (place and isinstance(value, Decimal | Fraction)):
                continue  # tested below
            wrong = [*given[:place], value, *given[place + 1 :]]
            refused(lambda: loss(*wrong), name, argument, what)  # noqa: B023


@pytest.mark.parametrize("axis", ["a", None, True, 1.0, [0], 10**400, (0,)])
def test_axis(axis):
    for function in (fl.softmax, fl.log_softmax, fl.logsumexp):
        with pytest.raises(ERRORS, match="axis"):
            function(np.ones((2, 3)), axis=axis)


@pytest.mark.parametrize("name", [[], {}, None, 3, np.array(["huber"])])
def test_names_of_losses(name):
    with pytest.raises(ValueError, match="unknown loss"):
        fl.get(name)
    if name is not None:
        with pytest.raises(ValueError, match="family must be one of"):
            fl.list_losses(name)


@pytest.mark.parametrize("name", LOSSES)
def test_parameters_that_float32_cannot_hold(name):
    """A finite one would be infinite there, or 0; where infinity is part of the domain, its limits are right."""
    loss = ready(name)
    given = points(name)
    narrow = [
        [x.astype("f4") for x in a] if isinstance(a, list) else a.astype("f4") if a.dtype.kind == "f" else a
        for a in given
    ]
    for parameter, domain in loss.domains.items():
        if "integer" in domain or "bool" in domain or '"' in domain or parameter in ("p", "bias", "negatives"):
            continue
        for value in (1e39, 1e-46):
            if parameter == "class_weight":
                wrong = np.ones(len(given[1]) if name in EMBEDDINGS else 4)
                wrong[2] = value
            else:
                wrong = [value] if parameter == "layer_weights" else value
            if "infinity" in domain or domain == "any" or domain.endswith("+inf"):
                assert not np.isnan(loss(*narrow, **{parameter: value})).any()
                continue
            try:
                loss(*given, **{parameter: wrong})
            except ValueError:
                continue  # not in the domain
            for run in (loss, loss.grad, loss.bind(**{parameter: wrong})):
                with pytest.raises(ValueError, match=f"{parameter} must be .*float32, got {re.escape(str(value))}"):
                    run(*narrow, **({} if run is not loss and run != loss.grad else {parameter: wrong}))


def test_elements_of_parameters_that_float32_cannot_hold():
    x = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match=r"delta must be > 0 and finite in float32, got 1e\+39 at element 1"):
        fl.huber(x, delta=[1, 1e39, 1])
    with pytest.raises(ValueError, match=r"delta .*, got 1e-46 at element 2"):
        fl.huber.param_grad(x, delta=np.array([1, 1, 1e-46])) if fl.huber.param_grads else fl.huber(
            x, delta=[1, 1, 1e-46]
        )
    assert fl.huber(x.astype(float), delta=[1, 1e39, 1]).max() == 0.5
    assert fl.robust_nll(x, alpha=1e39, scale=1).dtype == np.float32


def test_a_bound_array_is_the_losss_own():
    delta = np.array([1.0, 2.0])
    loss = fl.huber.bind(delta=delta)
    same, before = fl.huber.bind(delta=[1.0, 2.0]), hash(loss)
    want = loss([3.0, 3.0])
    delta[:] = 100
    np.testing.assert_array_equal(loss([3.0, 3.0]), want)
    assert loss == same
    assert hash(loss) == before
    with pytest.raises(ValueError, match="read-only"):
        loss.parameters["delta"][0] = 5
    weights = np.ones(3)
    rows = fl.cross_entropy.bind(class_weight=weights)
    weights[:] = 0
    np.testing.assert_array_equal(rows.parameters["class_weight"], 1)


def test_a_read_only_array_is_copied_too():
    """Its owner may make it writeable again."""
    delta = np.asfortranarray([[1.0, 2.0], [3.0, 4.0]])
    delta.flags.writeable = False
    loss = fl.huber.bind(delta=delta)
    before = loss(np.full((2, 2), 9.0))
    delta.flags.writeable = True
    delta[:] = 100
    np.testing.assert_array_equal(loss(np.full((2, 2), 9.0)), before)
    assert loss.bind().parameters["delta"] is loss.parameters["delta"]
    with pytest.raises(ValueError, match="cannot set WRITEABLE"):
        loss.parameters["delta"].flags.writeable = True
    assert fl.huber.bind(delta=np.empty((0, 3))).parameters["delta"].shape == (0, 3)


CHANGES = [
    lambda of: of.__setitem__("delta", 7.0),
    lambda of: of.__delitem__("delta"),
    lambda of: of.update(delta=7.0),
    lambda of: of.__ior__({"delta": 7.0}),
    lambda of: of.setdefault("scale", 7.0),
    lambda of: of.pop("delta"),
    lambda of: of.popitem(),
    lambda of: of.clear(),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["huber", "cross_entropy", "arcface", "contrastive"])
def test_a_loss_is_the_same_for_everybody(name, change):
    for loss in (fl.get(name), fl.get(name).bind()):
        for mapping in (loss.parameters, loss.domains):
            before = dict(mapping)
            with pytest.raises(TypeError, match="cannot be changed: change a copy"):
                change(mapping)
            assert mapping == before
        for attribute in ("parameters", "domains", "name", "traits", "grad", "new"):
            with pytest.raises(AttributeError, match=rf"^{name}\.{attribute} cannot be changed"):
                setattr(loss, attribute, {})
        with pytest.raises(AttributeError, match="cannot be changed"):
            del loss.parameters


def test_parameters_are_a_dictionary():
    of = fl.huber.bind(delta=2.0).parameters
    assert isinstance(of, dict) and str(of) == "{'delta': 2.0}" and json.dumps(of) == '{"delta": 2.0}'
    for same in (pickle.loads(pickle.dumps(of)), copy.copy(of), copy.deepcopy(of), of.copy(), of | {}, {**of}):
        assert same == of == {"delta": 2.0} and repr(same) == repr(of)
    mine = of.copy()
    mine["delta"] = 3.0
    assert fl.huber(4.0, **mine) == 7.5 and of["delta"] == 2.0
    loss = fl.huber.bind(delta=2.0)
    for same in (pickle.loads(pickle.dumps(loss)), copy.copy(loss), copy.deepcopy(loss)):
        assert same == loss and repr(same) == "huber(delta=2.0)" and same.__signature__ == loss.__signature__


def test_a_view_that_cannot_be_written_is_copied_too():
    delta = np.array([1.0, 2.0])
    view = delta[:]
    view.flags.writeable = False
    loss = fl.huber.bind(delta=view)
    before = loss([3.0, 3.0])
    delta[:] = 9.0
    np.testing.assert_array_equal(loss([3.0, 3.0]), before)
