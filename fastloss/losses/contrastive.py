"""Contrastive losses: softmax cross-entropy over the similarities of a batch, which are never stored."""

import numpy as np

from fastloss.core.arguments import as_array, whole_numbers
from fastloss.core.tile_call import Form
from fastloss.core.tile_loss import TileLoss

_DOMAINS = {
    "negatives": "vectors",
    "temperature": "> 0",
    "similarity": '"cosine" or "dot"',
    "symmetric": "boolean",
    "self_similarity": "boolean",
}


def _form(params):
    is_cosine = params["similarity"] == "cosine"
    return Form(normalized=(is_cosine, is_cosine), scale=1 / params["temperature"])


def _check_pairs(call, first, second):
    """There are as many of the one as of the other."""
    a, b = call.embeddings[first], call.embeddings[second]
    if len(a) != len(b):
        raise ValueError(f"{first} of shape {a.shape} and {second} of shape {b.shape} must be as many: they are pairs")


class _InfoNce(TileLoss):
    def __init__(self, declaration):
        super().__init__(declaration, _DOMAINS, ("query", "key"))

    def _with_gradients(self, keywords):
        negatives = {**self.parameters, **keywords}.get("negatives")
        return self.arrays if negatives is None else (*self.arrays, "negatives")

    def _embeddings(self, given, params):
        negatives = params["negatives"]
        return given if negatives is None else {**given, "negatives": negatives}

    def _loops(self, call, given, params, grads):
        _check_pairs(call, "query", "key")
        form = _form(params)
        query, key = grads.get("query"), grads.get("key")
        if "negatives" in call.embeddings:
            if params["symmetric"]:
                raise ValueError("symmetric must be False where there are negatives, which are of the keys alone")
            negatives = call.embeddings["negatives"]
            rows, width = call.embeddings["query"].shape
            if negatives.ndim == 3 and len(negatives) != rows:
                wanted = f"(M, {width}) or ({rows}, M, {width})"
                raise ValueError(f"negatives of shape {negatives.shape} must have shape {wanted}")
            if negatives.shape[-2] == 0:
                raise ValueError(f"expected at least one negative, got negatives of shape {negatives.shape}")
            window = negatives.shape[1] if negatives.ndim == 3 else 0
            others = {"window": window, "partner": call.operands("key")[0], "partner_grad": key}
            return [call.loop(form, ["query"], ["negatives"], [query], [grads.get("negatives")], **others)]
        loops = [call.loop(form, ["query"], ["key"], [query], [key])]
        return [*loops, call.loop(form, ["key"], ["query"], [key], [query])] if params["symmetric"] else loops


class _NtXent(TileLoss):
    row_arrays = 2

    def __init__(self, declaration):
        super().__init__(declaration, _DOMAINS, ("a", "b"))

    def _embeddings(self, given, params):
        return given

    def _loops(self, call, given, params, grads):
        _check_pairs(call, "a", "b")
        names = ["a", "b"]
        groups = np.tile(np.arange(call.count // 2, dtype=call.dtype), 2)
        shares = np.ones(call.count, call.dtype)
        return [call.mirrored(_form(params), names, grads, groups, shares, not params["self_similarity"])]


class _SupCon(TileLoss):
    def __init__(self, declaration):
        super().__init__(declaration, _DOMAINS, ("x",), "labels")

    def _embeddings(self, given, params):
        return {"x": given["x"]}

    def _loops(self, call, given, params, grads):
        labels = as_array(given["labels"], "labels")
        if labels.shape != (call.count,):
            raise ValueError(f"labels have shape {labels.shape}, expected ({call.count},): they are one per row")
        labels = np.array(whole_numbers(labels, "labels"))  # a copy: NumPy is lost where they change while it sorts
        _, groups, counts = np.unique(labels, return_inverse=True, return_counts=True)
        others = counts[groups] - 1.0
        shares = np.divide(1, others, out=np.zeros(call.count), where=others > 0).astype(call.dtype)
        return [call.mirrored(_form(params), ["x"], grads, groups.astype(call.dtype), shares, True)]


@_InfoNce
def info_nce(negatives=None, temperature=0.1, similarity="cosine", symmetric=False):
    """
    InfoNCE: each query is drawn to its key, away from the others or from negatives.

    Domain: embeddings are finite, of any length.
    Formula: log sum_k exp(z_k) - z_i with z_k the similarity of query i and key k over the temperature, k over all
    keys; with negatives, over key i and the negatives, all or the row's own. Symmetric: half the sum of this and the
    same with queries and keys swapped, as CLIP has it.
    Derivatives: with a cosine, by each vector what is at right angles to it, over its length.
    Special values: where a length is 0, the cosine is 0, and the gradient by that vector.

    Parameters
    ----------
    query
        Embeddings.
    key
        Those that they are drawn to, as many.
    negatives
        Those that all are drawn away from, of shape (M, D), or each row's own, of shape (N, M, D).
    temperature
        Divides the similarities.
    similarity
        The cosine, or the product itself.
    symmetric
        Whether keys are drawn to queries, too.

    Source
    ------
    A. van den Oord, Y. Li, O. Vinyals, "Representation Learning with Contrastive Predictive Coding", 2018, arXiv
    1807.03748. Symmetric: A. Radford et al., "Learning Transferable Visual Models From Natural Language Supervision",
    ICML 2021.

    Examples
    --------
    >>> fl.info_nce(np.eye(4), np.eye(4), temperature=1.0)
    array([0.74366838, 0.74366838, 0.74366838, 0.74366838])
    """


@_NtXent
def nt_xent(temperature=0.1, similarity="cosine", self_similarity=False):
    """
    NT-Xent: of two views of each of N examples, each is drawn to the other and away from those of other examples.

    Domain: embeddings are finite, of any length.
    Formula: for each of the 2 N rows of [a; b], log sum_k exp(z_k) - z_j with z_k its similarity to row k over the
    temperature, j the row of the other view, k over all rows but its own.
    Derivatives: with a cosine, by each vector what is at right angles to it, over its length.
    Special values: where a length is 0, the cosine is 0, and the gradient by that vector.

    Parameters
    ----------
    a
        The embeddings of one view.
    b
        Those of the other, as many.
    temperature
        Divides the similarities.
    similarity
        The cosine, or the product itself.
    self_similarity
        Whether a row counts among the others of itself, as some have it; then the loss is at least ln 2.

    Source
    ------
    T. Chen, S. Kornblith, M. Norouzi, G. Hinton, "A Simple Framework for Contrastive Learning of Visual
    Representations", ICML 2020, arXiv 2002.05709.

    Examples
    --------
    >>> fl.nt_xent(np.eye(4), np.eye(4), temperature=1.0)[:4]
    array([1.16542218, 1.16542218, 1.16542218, 1.16542218])
    """


@_SupCon
def sup_con(temperature=0.1, similarity="cosine"):
    """
    Supervised contrastive loss: embeddings are drawn to all others with their label.

    Domain: embeddings are finite, of any length.
    Formula: for each row, log sum_k exp(z_k) - mean_p z_p with z_k its similarity to row k over the temperature, k over
    all other rows, p over those of them that have its label.
    Derivatives: with a cosine, by each vector what is at right angles to it, over its length.
    Special values: a row that shares its label with no other is 0, and does not count in the mean. Where a length is 0,
    the cosine is 0, and the gradient by that vector.

    Parameters
    ----------
    x
        Embeddings.
    labels
        Whole numbers, one a row.
    temperature
        Divides the similarities.
    similarity
        The cosine, or the product itself.

    Source
    ------
    P. Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020, arXiv 2004.11362, equation 2.

    Examples
    --------
    >>> fl.sup_con(np.eye(3)[[0, 0, 1, 2]], [5, 5, 7, 8], temperature=1.0)
    array([0.55144471, 0.55144471, 0.        , 0.        ])
    """
