"""A face head and a contrastive batch too large for stored logits: the time and memory that they take here.

    python bench/embeddings.py [--write FILE] [--threads N] [--small]

Each runs in a process of its own, which tells how far its memory rose above its inputs. What automatic differentiation
would hold is counted, not measured: logits, their softmax and its gradient. --small takes a tenth of the rows.
"""

import argparse
import json
import subprocess
import sys
import time

import numpy as np
from timing import machine

import fastloss as fl
from fastloss.core.threads import processors

PAGE = """\
# Losses of embeddings

A head compares an embedding with one vector per class, a contrastive loss embeddings with one another. Their logits are
a product, as many as rows times classes, and are mostly what a training step holds in memory. fastloss makes them tile
by tile, takes what the softmax needs and drops them, so that memory does not grow with their number.

```python
import fastloss as fl

value, (dx, dw) = fl.arcface.value_and_grad(x, w, identity, margin=0.5, scale=64)  # a face head
loss = fl.linear_cross_entropy(hidden, w, token, bias=bias, reduction="mean")  # a language model's last layer
value, (dq, dk) = fl.info_nce.value_and_grad(image, text, symmetric=True)  # contrastive, as CLIP has it
fl.score("states.parquet", loss="linear_cross_entropy", pred="embedding", target="token", head="head.npy")
```
```console
fastloss score states.parquet --loss linear_cross_entropy --pred embedding --target token --head head.npy
```

`fastloss losses` lists them under "embeddings": heads (linear_cross_entropy, l2_softmax, normalized_softmax, l_softmax,
sphereface, cosface, arcface), contrastive losses (info_nce, nt_xent, sup_con), and those of rows beside each other
(triplet, contrastive, cosine_embedding, center, feature_distance). All are called alike: the arrays, then options;
`grad` and `value_and_grad` return a tuple with one gradient per array, or those that `wrt=` names.

- The label's logit is computed apart from the others, so that confident rows keep their digits, and margins have no
  arccos: gradients are finite where an embedding points exactly at its class.
- The bits are the same on any number of threads and every instruction set with FMA: a logit is one chain of fused
  multiplications and additions, wherever its tile lies.
- float16 and bfloat16 embeddings are widened tile by tile.

## What it takes

{machine}, {threads} threads, {isa}, float32.
One call in a process of its own, to which the memory of gradients is new. "Above" is how far the peak of memory rose
above the inputs, gradients included; "stored logits" what a step that stores them holds at least: the logits, and for
gradients their softmax and its gradient. Written by
`python bench/embeddings.py --write docs/embeddings.md`.

{table}
"""


def face_head(rows, classes, width):
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((rows, width), np.float32), rng.standard_normal((classes, width), np.float32)
    return fl.arcface, (x, w, rng.integers(0, classes, rows)), rows * classes


def contrastive_batch(rows, _, width):
    rng = np.random.default_rng(0)
    query = rng.standard_normal((rows, width), np.float32)
    return fl.info_nce, (query, query + rng.standard_normal((rows, width), np.float32)), rows * rows


JOBS = {
    "arcface, 1 024 faces, 100 000 identities, D = 512": (face_head, 1024, 100_000, 512),
    "info_nce, 100 000 pairs, D = 64": (contrastive_batch, 100_000, 0, 64),
}


def peak():
    """Of this process, in MiB; not ru_maxrss, which starts at that of the process before exec."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def run(name, method, threads, share):
    """Seconds, MiB above the inputs, MiB of gradients, logits: in this process."""
    make, rows, classes, width = JOBS[name]
    loss, arrays, logits = make(rows // share, classes, width)
    few = [a[:64] for a in arrays]
    if loss is fl.arcface:
        few = arrays[0][:64], arrays[1][:64], arrays[2][:64] % 64
    getattr(loss, method)(*few, num_threads=threads)  # what is made once
    before, start = peak(), time.perf_counter()
    result = getattr(loss, method)(*arrays, num_threads=threads)
    seconds = time.perf_counter() - start
    grads = sum(g.nbytes for g in result[1]) / 2**20 if method == "value_and_grad" else 0
    return {"seconds": seconds, "above": peak() - before, "grads": grads, "logits": logits}


def table(threads, share):
    lines = [
        "| loss | | seconds | MiB above | of them gradients | stored logits, GiB |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for name in JOBS:
        for method, what in (("__call__", "value"), ("value_and_grad", "with gradients")):
            command = [
                sys.executable,
                __file__,
                "--job",
                name,
                method,
                "--threads",
                str(threads),
                "--share",
                str(share),
            ]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found = json.loads(done.stdout)
            stored = found["logits"] * 4 * (3 if method == "value_and_grad" else 1) / 2**30
            cells = name, what, f"{found['seconds']:.1f}", f"{found['above']:.0f}", f"{found['grads']:.0f}"
            lines.append(f"| {' | '.join(cells)} | {stored:.1f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--write", metavar="FILE", help="write the page")
    parser.add_argument("--threads", type=int, default=processors())
    parser.add_argument("--small", action="store_const", const=10, default=1, dest="share", help="a tenth of the rows")
    parser.add_argument("--share", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--job", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.job:
        print(json.dumps(run(*given.job, given.threads, given.share)))
        return
    text = PAGE.format(machine=machine(), isa=fl.isa(), threads=given.threads, table=table(given.threads, given.share))
    if given.write:
        with open(given.write, "w", encoding="utf-8") as file:
            file.write(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
