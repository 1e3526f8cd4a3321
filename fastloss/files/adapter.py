"""Scoring as a function of Arrow record batches, for the libraries that call one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastloss.files.arguments import as_count, must_be, optional
from fastloss.files.spec import Spec

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class BatchFunction:
    """A record batch in, the carried columns and the losses of its rows out; picklable. `batch_function` makes it."""

    spec: Spec
    classes: int | None = None
    num_threads: int | None = 1

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Score a batch. Carried columns and numbers without nulls are not copied, whatever slice of an array they are.

        Raises
        ------
        ScoringError
            If a column is missing or does not fit the loss, or a row is out of bounds.
        """
        import pyarrow as pa

        from fastloss.files.arrow.columns import holds_lists
        from fastloss.files.batch import score_batch
        from fastloss.files.matching import Chosen, which_match
        from fastloss.files.schemas import check_columns

        check_columns(batch.schema, self.spec)
        chosen = Chosen.of(batch, which_match(batch, self.spec.where))
        with chosen.counting():
            losses = score_batch(chosen.batch, self.spec, self.classes, self.num_threads)
        carried = self.spec.carried(batch.schema.names)
        emitted = list(map(chosen.put_back, losses.to_arrow()))
        if self.classes is None and any(holds_lists(column.type) for column in emitted):
            # Lists of one length here, which the type of the predictions may leave open.
            types = self.schema(batch.schema).types[-len(emitted) :]
            emitted = [column.cast(type) for column, type in zip(emitted, types, strict=True)]
        columns = [*(batch.column(name) for name in carried), *emitted]
        return pa.RecordBatch.from_arrays(columns, [*carried, *self.spec.emitted])

    def schema(self, schema: pa.Schema) -> pa.Schema:
        """The schema of the results for batches of `schema`."""
        from fastloss.files.schemas import output_schema

        return output_schema(schema, self.spec, self.classes)


def batch_function(spec: Spec, *, classes: int | None = None, num_threads: int | None = 1) -> BatchFunction:
    """A function that scores Arrow record batches.

    Parameters
    ----------
    spec : Spec
        What to compute from which columns; `Spec.of` makes it.
    classes : int, optional
        The length that lists of predictions must have; without it each batch's first list tells.
    num_threads : int, optional
        Threads of the loss kernels: 1, as the library that calls has its own. None is what `fastloss` uses by default.

    Returns
    -------
    BatchFunction
        Called with a `pyarrow.RecordBatch` it returns one; `schema` tells the types beforehand.

    Examples
    --------
    >>> import fastloss as fl, pyarrow as pa
    >>> from fastloss.files import Spec, batch_function
    >>> score = batch_function(Spec.of(fl.huber, residual="r", emit=("value", "weight")))
    >>> score(pa.RecordBatch.from_pydict({"r": [0.5, None, -4.0]})).to_pydict()
    {'r': [0.5, None, -4.0], 'value': [0.125, None, 3.5], 'weight': [1.0, None, 0.25]}
    """
    must_be(Spec, spec, "spec", "a Spec, as Spec.of makes it")
    return BatchFunction(spec, optional(as_count, classes, "classes"), optional(as_count, num_threads, "num_threads"))
