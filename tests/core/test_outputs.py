"""`out=` that shares memory with itself, with another, with an input: what is apart is taken, the rest refused."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

import fastloss as fl

X = np.random.default_rng(0).standard_normal((6, 5))
GRAD, VALUE = fl.huber.grad(X), fl.huber(X)


@pytest.mark.parametrize(
    "views",
    [
        lambda b: (b[None, :6, :5][0], b[6:12, :5]),
        lambda b: (b[:6, 0:10:2], b[:6, 1:10:2]),
        lambda b: (b[0:12:2, :5], b[1:12:2, :5]),
        lambda b: (b[:5, :6].T, b[5:10, :6].T),
        lambda b: (b[5::-1, 4::-1], b[11:5:-1, 4::-1]),
        lambda b: (as_strided(b, (6, 5), (3 * 8, 7 * 24 * 8)), b[1:7, 18:23]),
    ],
    ids=["rows", "columns", "every other row", "transposed", "backwards", "strides that are not nested"],
)
def test_outs_that_are_apart(views):
    out = views(np.full((40, 24), 7.0))
    value, grad = fl.huber.value_and_grad(X, out=out)
    assert value is out[0]
    np.testing.assert_array_equal(value, VALUE)
    np.testing.assert_array_equal(grad, GRAD)


def test_axes_of_length_1_have_any_stride():
    buffer = np.empty(30)
    x = X.reshape(1, 30)
    np.testing.assert_array_equal(fl.huber(x, out=buffer[None]), VALUE.reshape(1, 30))
    np.testing.assert_array_equal(fl.huber(x[..., None], out=buffer[None, :, None])[..., 0], VALUE.reshape(1, 30))
    inplace = X.ravel().copy()
    np.testing.assert_array_equal(fl.huber(inplace[None], out=inplace.reshape(1, 30)), VALUE.reshape(1, 30))


def test_steps_that_interleave_without_a_shared_element():
    buffer = np.full(40, 7.0)
    out = as_strided(buffer, (3, 2), (16, 24))  # places 0 2 4 and 3 5 7
    fl.huber(X[:3, :2], out=out)
    np.testing.assert_array_equal(out, VALUE[:3, :2])
    np.testing.assert_array_equal(buffer[[1, 6, 8]], 7)


@pytest.mark.parametrize(
    "strides", [(8, 8), (0, 8), (40, 0), (16, 8), (32, 8), (4, 24), (24, 8), (8, -8), (39, 8), (16, 24)]
)
def test_an_out_that_overlaps_itself_is_refused(strides):
    buffer = np.full(2000, 7.0)
    out = as_strided(buffer[1000:], (6, 5), strides)
    with pytest.raises(ValueError, match="out has elements that share memory"):
        fl.huber(X, out=out)
    assert (buffer == 7).all()


def test_outs_that_share_memory_are_refused_also_where_one_is_in_the_way_of_an_input():
    x = X.copy()
    out = x[::-1]  # in the way of the input: computed beside it
    with pytest.raises(ValueError, match="out holds arrays that share memory"):
        fl.huber.value_and_grad(x, out=(out, out))
    np.testing.assert_array_equal(x, X)


def test_an_out_that_is_the_class_weights():
    logits, labels = X, np.array([0, 1, 2, 3, 4, 0])
    weight = np.array([1.0, 2, 3, 4, 5, 6])
    want = fl.cross_entropy(logits, labels, class_weight=weight[:5].copy())
    np.testing.assert_array_equal(fl.cross_entropy(logits, labels, class_weight=weight[:5], out=weight), want)


class Array(np.ndarray):
    pass


def test_outs_of_other_classes_come_back_as_they_are():
    out = np.empty((6, 5)).view(Array)
    assert fl.huber(X, out=out) is out
    np.testing.assert_array_equal(out, VALUE)
    matrix = np.empty((6, 5)).view(np.matrix)
    assert fl.huber(X, out=matrix) is matrix
    np.testing.assert_array_equal(matrix, VALUE)
    with pytest.raises(TypeError, match="'out' is a masked array"):
        fl.huber(X, out=np.ma.masked_array(np.empty((6, 5))))
