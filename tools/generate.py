"""Write the files that are made from others, or check that they are what would be written.

    python tools/generate.py [--check] [NAME ...]

Without names all of them. --check writes nothing, names each file that has drifted, and exits with 1 if one has.
"""

import argparse
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests", "tests/support", "tests/core", "csrc/math", "bench", "")]


@dataclass(frozen=True)
class Generated:
    """A file, the function that makes its text and the module of that, and what it needs or how long it takes."""

    path: str
    module: str
    function: str
    note: str = ""

    def text(self) -> str:
        return getattr(import_module(self.module), self.function)()


GENERATED = {
    "stubs": Generated("fastloss/__init__.pyi", "stubs", "stubs"),
    "losses": Generated("docs/losses.md", "fastloss.losses.catalogue", "markdown"),
    "hashes": Generated("tests/hashes.json", "test_bits", "hashes", "on an instruction set with FMA"),
    "coefficients": Generated("csrc/math/coefficients.h", "coefficients", "header", "half a minute"),
    "partition": Generated("fastloss/core/partition/table.py", "partition", "table"),
    "adaptive": Generated("docs/adaptive.md", "adaptive", "page", "three minutes; scikit-learn and statsmodels"),
    "explorer": Generated("docs/_static/explorer/kernels.js", "explorer", "script", "half a minute; ziglang"),
}


def main() -> int:
    described = "; ".join(f"{name}: {g.path}{g.note and f' ({g.note})'}" for name, g in GENERATED.items())
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0], epilog=described)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(GENERATED))
    parser.add_argument("--check", action="store_true", help="write nothing, name what has drifted")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in GENERATED]
    if unknown:
        parser.error(f"no file is called {', '.join(unknown)}; there are {', '.join(GENERATED)}")
    drifted = [name for name in given.names or GENERATED if not update(GENERATED[name], given.check)]
    if drifted and given.check:
        print(f"to write again: python tools/generate.py {' '.join(drifted)}", file=sys.stderr)
    return 1 if drifted and given.check else 0


def update(generated: Generated, check: bool) -> bool:
    """Whether the file was what it is to be; if not, it is written, unless this is a check."""
    path, text = ROOT / generated.path, generated.text()
    is_same = path.exists() and path.read_text(encoding="utf-8") == text
    print(f"{generated.path}: {'is up to date' if is_same else 'has drifted' if check else 'written'}", flush=True)
    if not (is_same or check):
        path.write_text(text, encoding="utf-8")
    return is_same


if __name__ == "__main__":
    sys.exit(main())
