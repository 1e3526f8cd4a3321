"""Calls of every loss of the registry: their arguments as plain arrays, and how they are made.

A case is a loss and its arguments, C-contiguous arrays by name. `compute` calls it with whatever stands for these
arrays, and returns its results as a list of arrays. What is in `first_axis` may be cut along the first axis, and then
gives the results of that part.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from catalogue import ELEMENTWISE, ROWWISE
from oracles import ORACLES
from oracles.distances import DISTANCES
from oracles.embeddings import HEADS
from oracles.row_samples import options, row_points
from oracles.rows import ROWS

import fastloss as fl

from .values import FLOATS, INTEGERS, LABELS, as_dtype, generator, normal, shape_of, special

__all__ = ["Case", "Elementwise", "Embeddings", "Function", "Rows", "draw"]

CONTRASTIVE = ("info_nce", "nt_xent", "sup_con")
FUNCTIONS = ("logsumexp", "log_softmax", "softmax")


@dataclass
class Case:
    name: str
    loss: object
    arrays: dict  # those that are given by position, in this order; the parameters that are arrays are in `keywords`
    keywords: dict = field(default_factory=dict)
    first_axis: tuple = ()
    is_exact: bool = False  # inputs within the domain of the contract, without special values
    outputs: tuple = ("value", "grad")
    takes_out = True
    takes_axis = False

    def named_arrays(self):
        return {**self.arrays, **{k: v for k, v in self.keywords.items() if isinstance(v, np.ndarray)}}

    def arguments(self, stand_ins):
        """(positional, keywords) with other arrays in the place of those by these names."""
        positional = [stand_ins.get(name, array) for name, array in self.arrays.items()]
        return positional, {k: stand_ins.get(k, v) for k, v in self.keywords.items()}

    def part(self, begin, end):
        """The case of some rows."""
        cut = {name: array[begin:end] for name, array in self.named_arrays().items() if name in self.first_axis}
        return replace(
            self,
            arrays={**self.arrays, **{k: v for k, v in cut.items() if k in self.arrays}},
            keywords={**self.keywords, **{k: v for k, v in cut.items() if k in self.keywords}},
        )

    def compute(self, stand_ins, outputs, **options):
        positional, keywords = self.arguments(stand_ins)
        if outputs == ("weight",):  # which nothing reduces
            options.pop("reduction", None)
        return self._call(positional, {**keywords, **options}, outputs)

    def _call(self, positional, keywords, outputs):
        if outputs == ("value",):
            results = (self.loss(*positional, **keywords),)
        elif outputs == ("value", "grad"):
            results = self.loss.value_and_grad(*positional, **keywords)
        elif len(outputs) == 1:
            results = (getattr(self.loss, outputs[0])(*positional, **keywords),)
        else:
            results = self.loss.evaluate(*positional, outputs=outputs, **keywords)
        return [np.asarray(result) for result in results]

    def some_outputs(self, random):
        return tuple(random.sample(self.outputs, random.randint(1, len(self.outputs))))


class Elementwise(Case):
    def _call(self, positional, keywords, outputs):
        if outputs != ("param_grad",):
            return super()._call(positional, keywords, outputs)
        return [np.asarray(result) for result in self.loss.param_grad(*positional, **keywords).values()]

    def some_outputs(self, random):
        if self.loss.param_grads and random.random() < 0.1:
            return ("param_grad",)
        return super().some_outputs(random)


class Rows(Case):
    takes_axis = True


class Function(Case):
    takes_axis = True

    def _call(self, positional, keywords, outputs):
        return [np.asarray(self.loss(*positional, **keywords))]


class Embeddings(Case):
    takes_out = False

    def some_outputs(self, random):
        return random.choice((("value",), ("grad",), ("value", "grad")))

    def _call(self, positional, keywords, outputs):
        value, grads = None, ()
        if self.name == "feature_distance":  # which takes lists of arrays
            positional = [[array] for array in positional]
        if outputs == ("value",):
            value = self.loss(*positional, **keywords)
        elif outputs == ("grad",):
            grads = self.loss.grad(*positional, **keywords)
        else:
            value, grads = self.loss.value_and_grad(*positional, **keywords)
        results = [] if value is None else [value]
        for grad in grads:
            results += grad if isinstance(grad, list) else [grad]
        return [np.asarray(result) for result in results]


# ---- drawn ---------------------------------------------------------------------------------------------------------


def draw(random, is_long=False, name=None):
    """A case of one of the losses, or of that one."""
    name = name or random.choice(fl.list_losses() + FUNCTIONS)
    if name in ELEMENTWISE:
        return _elementwise(random, name, is_long)
    if name in ROWWISE:
        return _rows(random, name, is_long)
    if name in FUNCTIONS:
        return _function(random, name, is_long)
    return _embeddings(random, name, is_long)


def _dtype(random, integers=True):
    """float32 and float64 for the most part"""
    return random.choice(FLOATS[:2] * 3 + FLOATS[2:] + (INTEGERS if integers else ()))


def _beside(random, dtype):
    """The dtype of an array beside another: mostly its own."""
    return dtype if random.random() < 0.6 else _dtype(random)


def _elementwise(random, name, is_long):
    oracle, rng, loss = ORACLES[name], generator(random), fl.get(name)
    shape, dtype = shape_of(random, is_long), _dtype(random)
    size = int(np.prod(shape))
    kind = random.choice(("domain", "moderate", "special"))
    case = random.choice(oracle.cases)
    takes_target = loss.takes_target and (loss.requires_target or random.random() < 0.5)
    is_exact = kind == "domain" and dtype.name in ("float32", "float64") and not (loss.has_weight and takes_target)
    if kind == "domain":
        as_stored = dtype if dtype.name in ("float32", "float64") else np.dtype(np.float32)
        points = oracle.inputs(as_stored, 160, random.getrandbits(16), oracle, **{**loss.parameters, **case})
        chosen = rng.integers(0, len(points[0]), size)
        points = [as_dtype(point[chosen].reshape(shape), dtype) for point in points]
    else:
        make = special if kind == "special" else lambda rng, shape: rng.uniform(-8, 8, shape)
        with np.errstate(all="ignore"):
            points = oracle.fold(make(rng, shape), make(rng, shape))
        points = [as_dtype(point, dtype if k == 0 else _beside(random, dtype)) for k, point in enumerate(points)]
    if takes_target and len(points) < 2:
        points.append(as_dtype(normal(rng, shape), _beside(random, dtype)))
    arrays = dict(zip(("pred", "target")[: 1 + takes_target], points, strict=False))
    keywords = _parameters(random, rng, loss, oracle, case, shape)
    if random.random() < 0.3:
        keywords["sample_weight"] = _weights(random, rng, shape, _beside(random, dtype))
        is_exact = False
    first_axis = [k for k, v in {**arrays, **keywords}.items() if np.shape(v)[:1] == shape[:1] and np.shape(v)]
    per_element = all(np.shape(v) in ((), shape) for v in keywords.values())
    return Elementwise(
        name, loss, arrays, keywords, tuple(first_axis) if per_element else (), is_exact and not _arrays_in(keywords),
        loss.output_names,
    )  # fmt: skip


def _arrays_in(keywords):
    return any(isinstance(v, np.ndarray) for v in keywords.values())


def _parameters(random, rng, loss, oracle, case, shape):
    """One setting; or one a column or an element, each of them one of the oracle's."""
    form = random.choice(("numbers", "numbers", "columns", "elements"))
    if form == "numbers" or not loss.domains or not shape:
        return dict(case)
    wanted = shape[-1:] if form == "columns" else shape
    settings = [{**loss.parameters, **each} for each in oracle.cases]
    which = rng.integers(0, len(settings), wanted)
    kind = random.choice((np.float32, np.float64))
    return {name: np.array([each[name] for each in settings], kind)[which] for name in loss.domains}


def _weights(random, rng, shape, dtype):
    """One a place, some of them 0."""
    weights = rng.uniform(0, 2, shape) * (rng.random(shape) < 0.9)
    return as_dtype(np.round(weights) if dtype.kind in "biu" else weights, dtype)


def _row_shape(random, is_long):
    """(rows, classes)"""
    classes = random.choice((1, 2, 3, 5, 10, 16, 31, 32, 33, 100, random.randint(2, 300), 1000, 5000))
    most = 200_000 if is_long else 4000
    return random.randint(0 if random.random() < 0.05 else 1, max(most // classes, 2)), classes


def _labels(random, rng, rows, classes):
    """Labels of any width, some of them ignored."""
    fit = [t for t in LABELS if classes <= np.iinfo(t).max + 1]
    dtype = random.choice(fit)
    labels = rng.integers(0, classes, rows)
    if dtype.kind == "i" and random.random() < 0.4:
        labels = np.where(rng.random(rows) < 0.2, -100, labels)
    return labels.astype(dtype)


def _rows(random, name, is_long):
    rng, loss, oracle = generator(random), fl.get(name), ROWS[name]
    (rows, classes), dtype = _row_shape(random, is_long), _dtype(random, integers=False)
    logits, target = row_points(name, rows, classes, as_stored(dtype), random.getrandbits(16))
    keywords = options(random.choice(oracle.cases), classes)
    if "class_weight" in keywords:
        keywords["class_weight"] = as_dtype(keywords["class_weight"], random.choice(FLOATS[:2]))
    is_exact = dtype.name in ("float32", "float64") and rows > 0
    if random.random() < 0.25:
        is_exact, logits = False, special(rng, (rows, classes), share=random.choice((0.01, 0.3)))
    if oracle.targets == "logits":
        target = as_dtype(target, dtype if is_exact else _beside_float(random, dtype))
    else:
        target = _labels(random, rng, rows, classes)
        is_exact = is_exact and not (target < 0).any()
        if oracle.targets == "labels or probabilities" and random.random() < 0.3:
            target = as_dtype(rng.dirichlet(np.ones(classes), rows), _beside_float(random, dtype))
            is_exact = False
    if random.random() < 0.3:
        keywords["sample_weight"], is_exact = _weights(random, rng, (rows,), _beside_float(random, dtype)), False
    first_axis = ("logits", "target", "sample_weight")
    arrays = {"logits": as_dtype(logits, dtype), "target": target}
    return Rows(name, loss, arrays, keywords, first_axis, is_exact, loss.output_names)


def as_stored(dtype):
    return dtype if dtype.name in ("float32", "float64") else np.dtype(np.float32)


def _beside_float(random, dtype):
    return dtype if random.random() < 0.7 else random.choice(FLOATS)


def _function(random, name, is_long):
    (rows, classes), dtype = _row_shape(random, is_long), _dtype(random)
    logits, _ = row_points("cross_entropy", rows, classes, as_stored(dtype), random.getrandbits(16))
    if random.random() < 0.2:
        logits = special(generator(random), (rows, classes))
    keywords = {"temperature": random.choice((1.0, 0.7, 30.0))}
    return Function(name, getattr(fl, name), {"logits": as_dtype(logits, dtype)}, keywords, ("logits",), False,
                    ("value",))  # fmt: skip


def _embeddings(random, name, is_long):
    rng, loss, dtype = generator(random), fl.get(name), _dtype(random, integers=False)
    rows = random.randint(1, 900 if is_long else 60)
    width = random.choice((1, 2, 3, 7, 8, 16, 17, 33, random.randint(1, 80)))
    numbers = special if random.random() < 0.15 else normal

    def vectors(count):
        return as_dtype(numbers(rng, (count, width)), dtype)

    keywords = {}
    if name in HEADS:
        classes = random.choice((1, 2, 5, 40, 255, 256, 257, 600 if is_long else 300))
        keywords = dict(random.choice(HEADS[name].cases))
        if "bias" in loss.domains and random.random() < 0.4:
            keywords["bias"] = as_dtype(rng.standard_normal(classes), dtype)
        if random.random() < 0.3:
            keywords["class_weight"] = as_dtype(rng.uniform(0, 2, classes), random.choice(FLOATS[:2]))
        arrays = {"x": vectors(rows), "w": vectors(classes), "target": _labels(random, rng, rows, classes)}
        first_axis = ("x", "target", "sample_weight")
    elif name in CONTRASTIVE:
        arrays, first_axis = _contrastive_arrays(random, rng, name, rows, vectors, keywords), ()
    else:
        arrays = _distance_arrays(random, rng, name, rows, vectors)
        keywords = dict(random.choice(DISTANCES[name].cases))
        first_axis = (*(k for k in arrays if k != "centers"), "sample_weight")
    if random.random() < 0.3:
        count = 2 * rows if name == "nt_xent" else rows
        keywords["sample_weight"] = _weights(random, rng, (count,), _beside_float(random, dtype))
    return Embeddings(name, loss, arrays, keywords, first_axis)


def _contrastive_arrays(random, rng, name, rows, vectors, keywords):
    keywords["temperature"] = random.choice((0.07, 0.1, 1.0))
    keywords["similarity"] = random.choice(("cosine", "dot"))
    if name == "sup_con":
        return {"x": vectors(rows), "labels": rng.integers(0, max(rows // 3, 1), rows)}
    if name == "nt_xent":
        keywords["self_similarity"] = random.random() < 0.3
        return {"a": vectors(rows), "b": vectors(rows)}
    if random.random() < 0.3:
        keywords["negatives"] = vectors(random.randint(1, 50))
    else:
        keywords["symmetric"] = random.random() < 0.5
    return {"query": vectors(rows), "key": vectors(rows)}


def _distance_arrays(random, rng, name, rows, vectors):
    if name == "center":
        centers = random.randint(1, 9)
        labels = rng.integers(0, centers, rows).astype(random.choice(LABELS))
        return {"x": vectors(rows), "centers": vectors(centers), "labels": labels}
    arrays = {k: vectors(rows) for k in fl.get(name).arrays}
    target = DISTANCES[name].target(rng, rows)
    return arrays if target is None else {**arrays, "y": target}
