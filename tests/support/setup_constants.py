"""The constants of setup.py, which cannot be imported without building."""

import ast
from pathlib import Path


def _constants(*names):
    text = (Path(__file__).resolve().parents[2] / "setup.py").read_text(encoding="utf-8")
    assignments = [node for node in ast.parse(text).body if isinstance(node, ast.Assign)]
    found = {node.targets[0].id: node.value for node in assignments}
    return [ast.literal_eval(found[name]) for name in names]


# Read once: CPython 3.11 cannot parse in several threads at once
KERNEL_FLAGS, GCC_FLAGS, ISA_FLAGS, DOMAINS = _constants("KERNEL_FLAGS", "GCC_FLAGS", "ISA_FLAGS", "DOMAINS")
