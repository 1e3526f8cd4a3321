"""Write the files that are made from others, or check that they are what would be written.

    python tools/generate.py [--check] [NAME ...]

Without names all of them. --check writes nothing, names each file that has drifted, and exits with 1 if one has.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests", "tests/support", "tests/core", "csrc/math", "bench", "")]


def stubs() -> str:
    from stubs import stubs

    return stubs()


def coefficients() -> str:
    from coefficients import header

    return header()


def partition() -> str:
    from partition import table

    return table()


def hashes() -> str:
    from test_bits import hashes

    return hashes()


def losses() -> str:
    from fastloss.losses.catalogue import markdown

    return markdown()


def adaptive() -> str:
    from adaptive import page

    return page()


def explorer() -> str:
    from explorer import script

    return script()


@dataclass(frozen=True)
class Generated:
    """A file, the function that makes its text, and what that needs or how long it takes."""

    path: str
    text: Callable[[], str]
    note: str = ""


GENERATED = {
    "stubs": Generated("fastloss/__init__.pyi", stubs),
    "losses": Generated("docs/losses.md", losses),
    "hashes": Generated("tests/hashes.json", hashes, "on an instruction set with FMA"),
    "coefficients": Generated("csrc/math/coefficients.h", coefficients, "half a minute"),
    "partition": Generated("fastloss/core/partition/table.py", partition),
    "adaptive": Generated("docs/adaptive.md", adaptive, "three minutes; scikit-learn and statsmodels"),
    "explorer": Generated("docs/_static/explorer/kernels.js", explorer, "half a minute; ziglang"),
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
