"""The names that modules had before they moved: for a release they can be imported, and pickles that hold them load."""

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec

FOLDERS = {
    "fastloss.losses": {name: name for name in (
        "count", "likelihood", "m_estimators", "margin", "probability", "relative", "residual", "rows",
        "softmax_family",
    )},
    "fastloss.core": {"_config": "config", "_kernels": "kernels", "_loss": "loss", "_threads": "threads"},
    "fastloss.exact": {
        **{f"scoring.{name}": name for name in ("groups", "integers", "summary", "weighted")},
        "scoring.csv_types": "fields", "files.csv.types": "fields",
    },
    "fastloss.files": {f"scoring.{name}": name for name in (
        "adapter", "batch", "compression", "dataset", "errors", "formats", "fragment", "inputs", "reading", "residuals",
        "schemas", "spec",
    )},
    "fastloss.files.arrow": {f"scoring.{name}": name for name in ("columns", "dictionaries", "int96")},
    "fastloss.files.csv": {f"scoring.csv_{name}": name for name in ("blocks", "options", "text")},
    "fastloss.files.engines": {f"scoring.{name}": name for name in ("dask", "job", "local", "resume", "spark")},
    "fastloss.files.readers": {
        "scoring.csv_reader": "csv", "scoring.npy_reader": "npy", "scoring.readers": "sources",
        "scoring.table_reader": "tables",
    },
    "fastloss.files.stores": {"scoring.store": "local"},
    "fastloss.files.writers": {
        "scoring.csv_writer": "csv", "scoring.output": "output", "scoring.writers": "sinks",
    },
    "fastloss.cli": {"scoring.demo": "demo"},
}  # fmt: skip
MOVED = {f"fastloss.{old}": f"{folder}.{new}" for folder, names in FOLDERS.items() for old, new in names.items()}


class Moved:
    """Finds and loads what has moved: under the old name stands the very module of the new one."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return ModuleSpec(name, cls) if name in MOVED else None

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        sys.modules[module.__name__] = import_module(MOVED[module.__name__])


sys.meta_path.insert(0, Moved)  # before finders that may see files of an older version
