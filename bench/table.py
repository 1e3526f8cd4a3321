"""Every loss of the registry beside a copy of its input: speed, and the error of the results.

    python bench/table.py [--only TEXT] [--rounds N] [--size N] [--write FILE]

GB/s counts the bytes that are read and written, of the loss and of the copy alike; the ratio is
(time of the loss) / (time of the copy), both into memory that is there, taken round by round; one
thread, one processor.  "Per byte" is that ratio for as many bytes: a loss of two arrays reads twice
what the copy reads.  The error is the largest of a sample of the whole domain, against mpmath,
in the units of the numerics contract; where it allows more than 4 ulp, the share of what it allows
is shown beside it.  Of row losses the copy is that of the logits, and the error is a share of its
bound.  Of losses of embeddings, 2048 rows of 128 numbers and as many classes, the copy is that of
one array of them, an element one of its numbers, and the error that of float32 values beside
float64, in eps of the larger of the value and 1.
"""

import argparse
import sys

import data
import numpy as np
from timing import allow_cpus, interleave, machine, median_ratio, medians

OUTPUTS = {"value": ("value",), "value_and_grad": ("value", "grad")}
ROW_SHAPE = (8192, 1000)
EMBEDDINGS_SHAPE = (2048, 128)
PAGE = """\
# How fast each loss is, and how exact

Every loss beside a copy of its input; of losses of embeddings, which compare each row with 2048 classes or rows, beside
a copy of one array of them. `python bench/table.py --size 1000000 --write docs/speed.md` makes the table.
"""
HEADER = (
    "| loss | output | dtype | ns/element | GB/s | copy GB/s | ratio to a copy | per byte | max error |",
    "|---|---|---|---:|---:|---:|---:|---:|---:|",
)


def measure(loss, output, points, rounds):
    """(seconds a call of the loss, of a copy, median ratio, bytes the loss moves)."""
    pred = points[0]
    copied = np.empty_like(pred)
    outs = tuple(np.empty(_shape(loss, name, pred), pred.dtype) for name in OUTPUTS[output])
    run = loss if output == "value" else loss.value_and_grad
    out = outs[0] if output == "value" else outs
    seconds = interleave(
        {
            "loss": lambda: run(*points, out=out, num_threads=1),
            "copy": lambda: np.copyto(copied, pred),
        },
        rounds,
    )
    middle = medians(seconds)
    moved = sum(array.nbytes for array in (*points, *outs))
    return middle["loss"], middle["copy"], median_ratio(seconds["loss"], seconds["copy"]), moved


def _shape(loss, output, pred):
    return pred.shape[:-1] if loss.is_rowwise and output == "value" else pred.shape


def elementwise_error(loss, outputs, dtype):
    """The largest error over the domain, as text."""
    from accuracy import exact_outputs
    from catalogue import inputs, method
    from precision import error_in_ulp

    case = dict(loss.parameters)
    points, wanted = inputs(loss.name, dtype, case), exact_outputs(loss.name, dtype, case)
    worst = share = 0.0
    for output in outputs:
        got = method(loss, output)(*points)
        for result, want in zip(got, (exact[output] for exact in wanted), strict=True):
            if want.ulps is not None:
                error = error_in_ulp(result, want.result, dtype, want.magnitude)
                worst, share = max(worst, error), max(share, error / want.ulps)
    return f"{worst:.2f} ulp" + (f" ({share:.0%} of the bound)" if worst > 4 else "")


def row_error(loss, outputs, dtype):
    """The largest share of the bound over 200 rows of 10 classes, as text."""
    from oracles.rows import ROWS

    points = data.row_points(loss.name, (200, 10), dtype)
    wanted = ROWS[loss.name].outputs(*points, dtype)
    worst = 0.0
    for output in outputs:
        (got,) = loss.evaluate(*points, outputs=(output,))
        error = np.abs(got - wanted[output].result)
        allowed = np.maximum(wanted[output].bound, np.finfo(dtype).smallest_subnormal)
        worst = max(worst, float((error / allowed).max()))
    return f"{worst:.0%} of the bound"


def measure_embeddings(loss, output, points, rounds):
    """As `measure`."""
    first, *_ = arrays = [array for given in points for array in (given if isinstance(given, list) else [given])]
    run, copied = loss if output == "value" else loss.value_and_grad, np.empty_like(first)
    calls = {"loss": lambda: run(*points, num_threads=1), "copy": lambda: np.copyto(copied, first)}
    seconds = interleave(calls, rounds)
    middle = medians(seconds)
    moved = sum(array.nbytes for array in arrays) * len(OUTPUTS[output]) + first[:, 0].nbytes
    return middle["loss"], middle["copy"], median_ratio(seconds["loss"], seconds["copy"]), moved


def embedding_error(loss, outputs, dtype):
    """Of the values in float32, beside those of the same numbers in float64, as text."""
    if dtype == "float64":
        return ""
    points = data.embedding_points(loss.name, EMBEDDINGS_SHAPE, dtype)
    wide = [[array.astype(float) for array in given] if isinstance(given, list) else
            given.astype(float) if given.dtype == dtype else given for given in points]  # fmt: skip
    value, want = loss(*points), loss(*wide)
    return f"{(np.abs(value - want) / np.maximum(1, np.abs(want))).max() / np.finfo(dtype).eps:.1f} eps"


def rows_of(name, arguments):
    """The lines of the table for one loss."""
    from catalogue import ready

    import fastloss as fl

    is_embedded = fl.get(name).family == "embeddings"
    loss = fl.get(name) if is_embedded else ready(name)
    for dtype in ("float32", "float64"):
        if is_embedded:
            points = data.embedding_points(name, EMBEDDINGS_SHAPE, dtype)
            timed, error_of = measure_embeddings, embedding_error
        elif loss.is_rowwise:
            points, timed, error_of = data.row_points(name, ROW_SHAPE, dtype), measure, row_error
        else:
            points, timed, error_of = data.points(name, arguments.size, dtype), measure, elementwise_error
        for output, outputs in OUTPUTS.items():
            time, copy, ratio, moved = timed(loss, output, points, arguments.rounds)
            error, first = error_of(loss, outputs, dtype), np.asarray(points[0])
            size, copied = first.size, 2 * first.nbytes
            yield (
                f"| {name} | {output} | {dtype} | {1e9 * time / size:.3f} | {moved / time / 1e9:.3g} "
                f"| {copied / copy / 1e9:.1f} | {ratio:.2f} | {ratio * copied / moved:.2f} | {error} |"
            )


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--only", default="", metavar="TEXT", help="losses whose name has TEXT")
    parser.add_argument("--rounds", type=int, default=7, help="turns of the loss and of the copy (7)")
    parser.add_argument("--size", type=int, default=8_000_000, help="elements (8000000)")
    parser.add_argument("--write", metavar="FILE", help="write the table as Markdown")
    return parser.parse_args()


def main():
    arguments = _arguments()
    allow_cpus(1)  # before a library asks how many threads it may start
    import fastloss as fl

    names = [name for name in fl.list_losses() if arguments.only in name]
    if not names:
        sys.exit(f"no loss has {arguments.only!r} in its name; there are: {', '.join(fl.list_losses())}")
    lines = [f"{fl.isa()}, one thread, {arguments.size:,} elements; {machine()}", "", *HEADER]
    print("\n".join(lines))
    for name in names:
        for line in rows_of(name, arguments):
            lines.append(line)
            print(line, flush=True)
    if arguments.write:
        with open(arguments.write, "w", encoding="utf-8") as file:
            file.write("\n".join([PAGE, *lines]) + "\n")


if __name__ == "__main__":
    main()
