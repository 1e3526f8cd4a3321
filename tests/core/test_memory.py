"""Arguments that lie about their memory, or change it while others are read or rows are computed: never a crash.

The scenarios run in child processes, as memory that is gone may end the interpreter.
"""

import subprocess
import sys

import numpy as np
import pytest

import fastloss as fl

COMMON = """
import threading
import numpy as np
import fastloss as fl

ROWS, WIDTH = 1 << 15, 32  # memory that is given back to the system at once
ERRORS = (ValueError, TypeError, IndexError)
rng = np.random.default_rng(0)

def numbers(*shape):
    return rng.random(shape or (ROWS, WIDTH)) + 0.5

class Hooks:
    '''Converts to what it was given, after an action'''
    def __init__(self, value, action):
        self.value, self.action = value, action
    def __array__(self, dtype=None, copy=None):
        self.action()
        return np.asarray(self.value)
    def __float__(self):
        self.action()
        return float(self.value)
    def __index__(self):
        self.action()
        return int(self.value)

class Interface(Hooks):
    __array__ = property()
    @property
    def __array_interface__(self):
        self.action()
        return np.asarray(self.value).__array_interface__

class Sequence(Hooks):
    __array__ = property()
    def __len__(self):
        self.action()
        return len(self.value)
    def __getitem__(self, index):
        return self.value[index]

class DLPack(Hooks):
    __array__ = property()
    def __dlpack__(self, **keywords):
        self.action()
        return np.asarray(self.value).__dlpack__()
    def __dlpack_device__(self):
        return np.asarray(self.value).__dlpack_device__()

class Real(float):
    '''A parameter that acts when it is read'''
    def __float__(self):
        self.action()
        return 1.0

class Lies(np.ndarray):
    '''Has the shape, dtype and size that it says'''
    shape = property(lambda self: self.said.shape)
    dtype = property(lambda self: self.said.dtype)
    size = property(lambda self: self.said.size)
    ndim = property(lambda self: self.said.ndim)
    strides = property(lambda self: self.said.strides)
    flags = property(lambda self: self.said.flags)
    nbytes = property(lambda self: self.said.nbytes)

def lie(array, said):
    array = array.view(Lies)
    array.said = said
    return array

def attempt(call, *pieces, **keywords):
    try:
        call(*pieces, **keywords)
    except ERRORS:
        return
"""

RESIZED = """
def resize(array, shape):
    return lambda: array.resize(shape, refcheck=False)

def own(shape):  # arrays that have their memory, of two classes
    for kind in (np.ndarray, np.matrix if len(shape) == 2 else np.memmap):
        array = np.ndarray.__new__(np.ndarray if kind is np.memmap else kind, shape)
        array[...] = 1.5
        yield array

SHAPES = [(0,), (1,), (1, 1), (ROWS, 2 * WIDTH), (WIDTH, ROWS), (ROWS * WIDTH,), (8,) * 7]
for hooks in (Hooks, Interface, Sequence, DLPack):
    for shape in SHAPES:
        for pred in own((ROWS, WIDTH)):
            target = np.ones((ROWS, WIDTH)) if hooks is not Sequence else [[1.0] * WIDTH] * ROWS
            if hooks is not Sequence or shape == (0,):
                attempt(fl.huber, pred, hooks(target, resize(pred, shape)))
        for pred in own((ROWS, WIDTH)):
            attempt(fl.huber.value_and_grad, pred, sample_weight=hooks(np.ones(ROWS), resize(pred, shape)))
        for pred in own((ROWS, WIDTH)):
            attempt(fl.huber, pred, pred, delta=hooks(np.ones(WIDTH), resize(pred, shape)), reduction="mean")
        for pred in own((ROWS, WIDTH)):
            attempt(fl.huber, pred, delta=np.float64(1), reduction=hooks("mean", resize(pred, shape)))
        for weight in own((ROWS,)):
            attempt(fl.huber, numbers(), sample_weight=weight, delta=hooks(np.ones(WIDTH), resize(weight, shape)))
        for logits in own((ROWS, WIDTH)):
            attempt(fl.cross_entropy.grad, logits, hooks(np.full(ROWS, WIDTH - 1), resize(logits, shape)))
        for logits in own((ROWS, WIDTH)):
            weight = hooks(np.ones(ROWS), resize(logits, shape))
            attempt(fl.cross_entropy, logits, np.full(ROWS, WIDTH - 1), sample_weight=weight)
        for labels in (np.full(ROWS, WIDTH - 1), np.full(ROWS, 1.0)):
            attempt(fl.cross_entropy, numbers(), labels, sample_weight=hooks(np.ones(ROWS), resize(labels, shape)))
        for logits in own((ROWS, WIDTH)):
            attempt(fl.softmax, logits, axis=hooks(0, resize(logits, shape)))
        for x in own((ROWS, WIDTH)):
            attempt(fl.contrastive.value_and_grad, x, numbers(), hooks(np.ones(ROWS), resize(x, shape)))
        for x in own((ROWS, WIDTH)):
            attempt(fl.center.value_and_grad, x, numbers(9, WIDTH), hooks(np.full(ROWS, 8), resize(x, shape)))
        for c in own((9, WIDTH)):
            attempt(fl.center.value_and_grad, numbers(), c, hooks(np.full(ROWS, 8), resize(c, shape)))
        few = 16
        for x in own((few, ROWS)):
            attempt(fl.arcface.value_and_grad, x, numbers(9, ROWS), hooks(np.full(few, 8), resize(x, shape)))
        for w in own((few, ROWS)):
            attempt(fl.arcface.value_and_grad, numbers(9, ROWS), w, hooks(np.full(9, few - 1), resize(w, shape)))
        for x in own((few, ROWS)):
            attempt(fl.info_nce.value_and_grad, x, hooks(numbers(few, ROWS), resize(x, shape)))
        for pred in own((ROWS, WIDTH)):
            attempt(fl.log_loss, np.clip(pred, 0, 1), hooks(np.full(ROWS, WIDTH - 1), resize(pred, shape)))
for shape in SHAPES:  # views that were made of what is resized
    for pred in own((ROWS, WIDTH)):
        attempt(fl.huber, memoryview(pred), Hooks(numbers(), resize(pred, shape)))
    for pred in own((ROWS, WIDTH)):
        scale = Real(1.0)
        scale.action = resize(pred, shape)
        attempt(fl.huber, pred, delta=scale)
"""

LIES = """
small, large = np.zeros(8), np.zeros(1 << 22)
rows = np.zeros((1 << 16, WIDTH))
for a, said in ((small, large), (large, small), (small.astype("f4"), small), (large.astype("f4"), large),
                (np.zeros(8, "u1"), large), (np.frombuffer(bytes(1 << 25)), large)):
    attempt(fl.huber, large, out=lie(a, said))
    attempt(fl.huber, lie(a, said), large)
    attempt(fl.huber, large, lie(a, said))
    attempt(fl.huber, large, sample_weight=lie(a, said))
    attempt(fl.huber, large, delta=lie(a + 1 if a.flags.writeable else a, said))
    attempt(fl.huber.value_and_grad, large, out=(lie(a, said), np.empty_like(large)))
    attempt(fl.softmax, rows, out=lie(a, said.reshape(-1, 1)))
    attempt(fl.softmax, rows, out=lie(a, rows))
    attempt(fl.logsumexp, rows, out=lie(a, rows[:, 0]))
    attempt(fl.cross_entropy, rows, lie(a.astype(int), rows[:, 0].astype(int)))
    attempt(fl.cross_entropy, rows, lie(np.full(a.shape, 1 << 40), np.zeros(len(rows), int)))
    attempt(fl.cross_entropy, rows, np.zeros(len(rows), int), class_weight=lie(a, np.zeros(WIDTH)))

class Tuple(tuple):
    '''Has more members when it is read again'''
    def __iter__(self):
        return iter((np.empty(8),) * 3)
    def __len__(self):
        return 2
    def __getitem__(self, index):
        return np.empty(8)

attempt(fl.huber.value_and_grad, large, out=Tuple((small, small)))
attempt(fl.huber.value_and_grad, large, out=Tuple((np.empty_like(large), np.empty_like(large))))
attempt(fl.huber.evaluate, large, outputs=Tuple(("value", "grad")), out=Tuple((large.copy(),)))
"""

# A label that another thread changes is a class, or an error
CHANGED = """
done, count = threading.Event(), 1 << 14
labels = np.zeros(count, np.int64)

def change():
    while not done.is_set():
        labels[::7] = 1 << 40
        labels[3::7] = -(1 << 40)
        labels[:] = 0

thread = threading.Thread(target=change)
thread.start()
try:
    for classes in (4, 200):
        logits = rng.standard_normal((count, classes))
        weight = np.ones(classes)
        for loss in (fl.cross_entropy, fl.softmax_focal, fl.multi_margin, fl.top_k_error):
            for _ in range(20):
                attempt(loss.evaluate, logits, labels, outputs=("value",))
                attempt(loss.grad, logits, labels, ignore_index=-100)
        for _ in range(20):
            attempt(fl.cross_entropy, logits, labels, class_weight=weight, reduction="mean")
            attempt(fl.cross_entropy, logits, labels, class_weight=weight, label_smoothing=0.1, ignore_index=0)
            attempt(fl.cross_entropy, logits, labels, class_weight=weight, ignore_index=1 << 40)
            attempt(fl.log_loss, np.full_like(logits, 1 / classes), labels)
            attempt(fl.accuracy, logits, labels)
    x, c = rng.standard_normal((count, 16)), rng.standard_normal((9, 16))
    for _ in range(20):
        attempt(fl.center.value_and_grad, x, c, labels)
        attempt(fl.arcface.value_and_grad, x[:512], c, labels[:512], class_weight=np.ones(9), reduction="mean")
        attempt(fl.arcface, x[:512], c, labels[:512], ignore_index=0)
        attempt(fl.sup_con.value_and_grad, x[:512], labels[:512])
finally:
    done.set()
    thread.join()
"""


@pytest.mark.parametrize("scenario", [RESIZED, LIES, CHANGED], ids=["resized", "lies", "changed"])
def test_memory_that_is_not_what_it_was_ends_no_process(scenario):
    python = [sys.executable, "-X", "faulthandler", "-c"]
    run = subprocess.run([*python, COMMON + scenario], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]


@pytest.mark.parametrize("shape", [(0,), (4096, 4096)])
def test_a_matrix_that_is_resized_is_refused(shape):
    """The classes of its rows are seen through two views, of which the first is an array's."""
    logits = np.ndarray.__new__(np.matrix, (40, 5))
    logits[...] = 1.5

    class Labels:
        def __array__(self, dtype=None, copy=None):
            logits.resize(shape, refcheck=False)
            return np.zeros(40, np.int64)

    with pytest.raises(ValueError, match="resized"):
        fl.cross_entropy.grad(logits, Labels())
