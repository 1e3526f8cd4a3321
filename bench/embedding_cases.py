"""The cases of losses of embeddings: heads of language models and faces, and a contrastive batch."""

import data
import embedding_peers as peers
from claims import Case, Claim, ours

__all__ = ["EMBEDDING_CASES"]

# rows, width, classes; what the value is to be as a multiple of the speed of NumPy's product and fl.cross_entropy
SIZES = {(2048, 512, 32000): 1.0, (4096, 128, 4096): 1.0, (512, 2048, 32000): 0.9}


def _head(loss, shape, method, theirs, claims):
    what = {"__call__": "value", "value_and_grad": "value_and_grad"}[method]
    name = f"{loss} float32 {'x'.join(map(str, shape))} {what}"
    contenders = {"fastloss": ours(loss, method), **theirs}
    return Case(name, shape[0] * shape[2], lambda: data.head_points(shape), contenders, claims)


def _cases():
    for shape, factor in SIZES.items():
        value, both = (table["linear_cross_entropy"] for table in (peers.HEADS, peers.HEADS_AND_GRAD))
        claims = (
            Claim("fastloss", ("numpy and fastloss",), factor),
            *(Claim("fastloss", (name,), 1.2) for name in value if name != "numpy and fastloss"),
        )
        yield _head("linear_cross_entropy", shape, "__call__", value, claims)
        claims = (Claim("fastloss", ("torch",), 1.1),)
        yield _head("linear_cross_entropy", shape, "value_and_grad", both, claims)
    shape = (4096, 128, 4096)
    for loss in ("arcface", "cosface"):
        plain = {"fastloss linear_cross_entropy": ours("linear_cross_entropy")}
        claims = (Claim("fastloss", tuple(plain), 1 / 1.05),)
        yield _head(loss, shape, "__call__", {**plain, **peers.HEADS.get(loss, {})}, claims)
        yield _head(loss, shape, "value_and_grad", peers.HEADS_AND_GRAD[loss], ())
    contenders = {"fastloss": ours("nt_xent", "value_and_grad"), **peers.NT_XENT_AND_GRAD}
    make = lambda: data.embedding_pairs((2048, 128))  # noqa: E731
    yield Case("nt_xent float32 2048x128 value_and_grad", 4096 * 4096, make, contenders, ())


EMBEDDING_CASES = tuple(_cases())
