"""The table that every library scores."""

import numpy as np
import pyarrow as pa
import pytest


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    columns = {name: rng.standard_normal(1000) * 2 for name in "rpy"}
    null = rng.random(1000) < 0.1
    return pa.table({name: pa.array(values, mask=null) for name, values in columns.items()})
