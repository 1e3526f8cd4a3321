"""What the speed comparison times, and what it must show."""

from functools import partial

import data
import numpy as np
import peers
from claims import Case, Claim, ours
from embedding_cases import EMBEDDING_CASES

__all__ = ["CASES"]

SIZE = 8_000_000


def _copy(x):
    return x.copy


def _copy_into(x):
    out = np.empty_like(x)
    return lambda: np.copyto(out, x)


def _read(x, *_):
    return x.max


def _fixed(factories, **parameters):
    return {name: partial(factory, **parameters) for name, factory in factories.items()}


# ---- elementwise ---------------------------------------------------------------------------

_MEMORY = {"copy": _copy, "copy out=": _copy_into, "plain read": _read}
_FAST_PEERS = ("numexpr", "numba", "torch", "torch.compile", "jax")


def _residuals(size, dtype):
    return lambda: (data.residuals(size, dtype),)


def _robust_value(dtype, alpha, claims):
    calls = {
        "fastloss": ours("robust", alpha=alpha),
        "fastloss out=": ours("robust", alpha=alpha, into=np.empty_like),
        "fastloss sum": ours("robust", alpha=alpha, reduction="sum"),
    }
    contenders = {**calls, **_fixed(peers.ROBUST, alpha=alpha), **_MEMORY}
    name = f"robust {dtype} alpha={alpha} value"
    return Case(name, SIZE, _residuals(SIZE, dtype), contenders, claims)


def _robust_both():
    contenders = {
        "fastloss": ours("robust", "value_and_grad", alpha=0.5),
        **_fixed(peers.ROBUST_AND_GRAD, alpha=0.5),
    }
    return Case(
        "robust float32 alpha=0.5 value_and_grad",
        SIZE,
        _residuals(SIZE, "float32"),
        contenders,
        (Claim("fastloss", ("numpy",), 6),),
    )


def _robust_threads():
    contenders = {
        "fastloss": ours("robust", alpha=0.5, reduction="sum"),
        "fastloss 2 threads": ours("robust", alpha=0.5, reduction="sum", num_threads=2),
    }
    return Case(
        "robust float32 alpha=0.5 sum, two threads",
        SIZE,
        _residuals(SIZE, "float32"),
        contenders,
        (Claim("fastloss 2 threads", ("fastloss",), 1.6),),
        cpus=2,
    )


def _robust_elements():
    def elements(x):
        alpha = np.random.default_rng(1).uniform(-2, 2, len(x)).astype(x.dtype)
        return ours("robust", alpha=alpha)(x)

    contenders = {"fastloss": elements, "fastloss one alpha": ours("robust", alpha=0.5)}
    claims = (Claim("fastloss", ("fastloss one alpha",), 1 / 3),)
    return Case("robust float32 an alpha an element", JAX_SIZE, _residuals(JAX_SIZE, "float32"), contenders, claims)


def _huber_call(dtype):
    contenders = {"fastloss": ours("huber"), **peers.HUBER}
    claims = (Claim("fastloss", ("numpy",), 1),)
    return Case(f"huber {dtype} 1000 numbers", 1000, _residuals(1000, dtype), contenders, claims)


def _small_call(what, times, make, loss, method="__call__", into=None, **keywords):
    """A call of some hundred numbers beside one of NumPy's, of 1000: at most so many times as long."""
    x = np.linspace(-3, 3, 1000, dtype=np.float32)
    run = ours(loss, method, into=into, alone={}, **keywords)  # small calls have one thread anyway
    contenders = {"fastloss": run, "np.abs": lambda *_: partial(np.abs, x)}
    return Case(f"small call: {what}", 1000, make, contenders, (Claim("fastloss", ("np.abs",), 1 / times),))


def _small_calls():
    one, two = _residuals(1000, "float32"), partial(data.pairs, "huber", 1000, "float32")
    rows = partial(data.row_points, "cross_entropy", (32, 10), "float32")
    yield _small_call("huber(x)", 1.5, one, "huber")
    yield _small_call("huber(x, y)", 1.5, two, "huber")
    yield _small_call("huber(x, y, out=)", 1.5, two, "huber", into=lambda x, *_: np.empty_like(x))
    yield _small_call("robust(x, alpha=, scale=)", 3, one, "robust", alpha=0.5, scale=0.5)
    yield _small_call("cross_entropy 32x10", 2.5, rows, "cross_entropy")
    yield _small_call("cross_entropy 32x10 and gradient", 3.5, rows, "cross_entropy", "value_and_grad",
                      reduction="mean")  # fmt: skip


JAX_SIZE = 1 << 17  # in the cache, and worth no second thread
JAX_FACTORS = {"poisson": 2, "binary_cross_entropy_with_logits": 2.5, "logistic": 2.2, "log_cosh": 1.8}


def _beside_jax(loss):
    contenders = {"fastloss": ours(loss), **peers.JAX_VALUES[loss]}
    claims = (Claim("fastloss", ("jax",), JAX_FACTORS[loss]),)
    return Case(f"{loss} float32 value", JAX_SIZE, partial(data.points, loss, JAX_SIZE, "float32"), contenders, claims)


def _value_and_grad(loss, dtype):
    theirs = peers.ELEMENTWISE_AND_GRAD[loss]
    contenders = {"fastloss": ours(loss, "value_and_grad"), **theirs}
    claims = tuple(Claim("fastloss", (name,), 4) for name in theirs)
    return Case(f"{loss} {dtype} value_and_grad", SIZE, partial(data.pairs, loss, SIZE, dtype), contenders, claims)


# ---- rows ----------------------------------------------------------------------------------


# Times as fast as the best peer, by classes: values, and values with gradients
_ROW_FACTORS = {2: (2, 2), 3: (2, 2), 10: (3, 2.5), 16: (2, 2), 32: (2, 2), 1000: (2.2, 2), 128000: (3, 3)}


def _rows_value(shape, dtype, factor):
    contenders = {
        "fastloss": ours("cross_entropy"),
        "fastloss sum": ours("cross_entropy", reduction="sum"),
        **peers.CROSS_ENTROPY,
        "plain read": _read,
    }
    claims = (
        Claim("fastloss", tuple(name for name in peers.CROSS_ENTROPY if name != "numpy"), factor),
        Claim("fastloss sum", ("fastloss",), 1),
    )
    return _rows(shape, dtype, "value", contenders, claims)


def _rows_both(shape, factor):
    contenders = {
        "fastloss": ours("cross_entropy", "value_and_grad"),
        **peers.CROSS_ENTROPY_AND_GRAD,
    }
    claims = (Claim("fastloss", tuple(name for name in peers.CROSS_ENTROPY_AND_GRAD if name != "numpy"), factor),)
    return _rows(shape, "float32", "value_and_grad", contenders, claims)


def _rows_beside_torch(shape, dtype, method):
    what, torch = {
        "__call__": ("value", peers.torch_cross_entropy),
        "value_and_grad": ("value_and_grad", peers.torch_cross_entropy_and_grad),
    }[method]
    contenders = {"fastloss": ours("cross_entropy", method), "torch": torch}
    return _rows(shape, dtype, what, contenders, (Claim("fastloss", ("torch",), 2),))


def _axis_0(shape, method):
    """Logits stored class by class: (classes, rows), C order."""
    what, torch = {
        "__call__": ("value", peers.torch_cross_entropy),
        "value_and_grad": ("value_and_grad", peers.torch_cross_entropy_and_grad),
    }[method]
    rows = ours("cross_entropy", method)
    contenders = {
        "fastloss": ours("cross_entropy", method, axis=0),
        "fastloss last axis": lambda x, y: rows(np.ascontiguousarray(x.T), y),
        "torch": lambda x, y: torch(x.T, y),
    }
    claims = (Claim("fastloss", ("torch",), 1), Claim("fastloss", ("fastloss last axis",), 1 / 1.2))

    def make():
        x, y = data.row_points("cross_entropy", shape, "float32")
        return np.ascontiguousarray(x.T), y

    name = f"cross_entropy float32 {shape[1]}x{shape[0]} axis=0 {what}"
    return Case(name, shape[0] * shape[1], make, contenders, claims)


def _rows(shape, dtype, what, contenders, claims, loss="cross_entropy"):
    name = f"{loss} {dtype} {shape[0]}x{shape[1]} {what}"
    make = partial(data.row_points, loss, shape, dtype)
    return Case(name, shape[0] * shape[1], make, contenders, claims)


def _row_loss(loss, shape):
    """A row loss that torch alone has, or the parts of it.

    Of nll nothing is claimed: torch reads one number a row, fastloss all of them, for a NaN makes its row NaN.
    """
    claims = () if loss == "nll" else (Claim("fastloss", ("torch",), 2),)
    contenders = {"fastloss": ours(loss), "torch": partial(peers.torch_rows, loss)}
    yield _rows(shape, "float32", "value", contenders, claims, loss)
    contenders = {"fastloss": ours(loss, "value_and_grad"), "torch": partial(peers.torch_rows_and_grad, loss)}
    yield _rows(shape, "float32", "value_and_grad", contenders, claims, loss)


def _all_cases():
    sum_is_free = Claim("fastloss sum", ("fastloss out=",), 1)
    as_copy = tuple(Claim(f"fastloss{how}", (f"copy{how}",), 1 / 1.5) for how in ("", " out="))
    beats_numpy, beats_all = Claim("fastloss", ("numpy",), 4), Claim("fastloss", _FAST_PEERS, 3)
    yield _robust_value("float32", 0.5, (beats_numpy, beats_all, sum_is_free))
    yield _robust_both()
    yield _robust_value("float32", 1.0, (*as_copy, sum_is_free))
    yield _robust_value("float64", 0.5, (beats_numpy, sum_is_free))
    for shape in (*data.ROW_SHAPES, *data.FEW_CLASSES):
        value, both = _ROW_FACTORS[shape[1]]
        yield _rows_value(shape, "float32", value)
        yield _rows_both(shape, both)
    for shape in data.ROW_SHAPES:
        yield _rows_value(shape, "float64", 1.7 if shape[1] == 10 else 1.4)
        for method in ("__call__", "value_and_grad"):
            yield _rows_beside_torch(shape, "bfloat16", method)
            yield _rows_beside_torch(shape, "float16", method)
            yield _axis_0(shape, method)
        for loss in ("nll", "softmax_focal", "multi_margin", "distillation"):
            yield from _row_loss(loss, shape)
    for loss in peers.ELEMENTWISE_AND_GRAD:
        for dtype in ("float32", "float64"):
            yield _value_and_grad(loss, dtype)
    yield from map(_beside_jax, JAX_FACTORS)
    yield from _small_calls()
    yield _huber_call("float32")
    yield _huber_call("float64")
    yield _robust_elements()
    yield _robust_threads()
    yield from EMBEDDING_CASES


CASES = tuple(_all_cases())
