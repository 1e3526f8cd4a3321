"""The benches use the modules of the tests."""

import suite  # noqa: F401
