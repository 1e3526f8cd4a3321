"""A loss of four parameters and an output, added to a copy of the sources by a line each, are there in Python."""

import json
import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from compiled import CSRC, compile_c, isas, kernel_flags, need_compiler

import fastloss as fl

need_compiler()
pytest.importorskip("Cython", reason="Cython, which the copy is built with, is not installed")

# {file of csrc/: what is added at its end, or before the #undef that ends a list}
ADDED = {
    "losses.def": 'LOSS(quartic, RESIDUAL, NATIVE, FL_C1, "a any", "b any", "c any", "d any")',
    "outputs.def": "OUTPUT(cube, 0)",
    "map/losses/residual.h": """
INLINE jet quartic(vec r, const vec *p) {
    vec grad = p[0] + r * (p[1] + r * (p[2] + r * p[3])), cubic = p[2] / v_set(3) + r * p[3] * v_set((real)0.25);
    return (jet){
        .value = r * (p[0] + r * (p[1] * v_set((real)0.5) + r * cubic)),
        .grad = grad,
        .hess = p[1] + r * (v_set(2) * p[2] + v_set(3) * r * p[3]),
        .weight = grad / r,
        .cube = r * r * r,
    };
}""",
}
DECLARATION = '''

@ResidualLoss
def quartic(a=1.0, b=1.0, c=1.0, d=1.0):
    """
    A polynomial.

    Formula: a r + b r^2 / 2 + c r^3 / 3 + d r^4 / 4.

    Parameters
    ----------
    a
        The first coefficient.
    b
        The second.
    c
        The third.
    d
        The fourth.

    Source
    ------
    None.

    Examples
    --------
    >>> float(fl.get("quartic")(1))
    """
'''
NO_ROWS = """
#include "api.h"
#include "distances/api.h"
#include "columns/api.h"
#include "tiles/api.h"
#include "sums/api.h"
const fl_row_kernels fl_rows_{isa}_32 = {{0}}, fl_rows_{isa}_64 = {{0}};
const fl_distance_kernels fl_distances_{isa}_64 = {{0}}, fl_distances_{isa}_3264 = {{0}};
const fl_column_kernels fl_columns_{isa}_32 = {{0}}, fl_columns_{isa}_64 = {{0}};
const fl_tile_kernels fl_tiles_{isa}_32 = {{0}}, fl_tiles_{isa}_64 = {{0}};
const fl_sum_kernels fl_sums_{isa}_32 = {{0}}, fl_sums_{isa}_64 = {{0}};
"""
USE = """
import json
import numpy as np
import fastloss as fl

found = {}
for dtype in ("float32", "float64"):
    r = np.array([-3, -1.5, -0.5, 0.5, 1, 2, 3] * 9, dtype)
    quartic = fl.get("quartic", a=0.5, b=-2, c=3, d=1.25)
    columns = np.arange(len(r), dtype=dtype) / 4
    results = {
        "scalars": quartic.evaluate(r, outputs=("value", "grad", "hess", "weight")),
        "arrays": quartic.evaluate(r, outputs=("value", "grad"), c=columns, d=columns[::-1]),
        "output": quartic.evaluate(r, outputs=("cube",)),
        "undefined": fl.hinge.evaluate(r, 2 + 0 * r, outputs=("cube",)),
        "weighted": quartic.evaluate(r, outputs=("hess", "cube", "weight"), sample_weight=columns),
        "robust": fl.robust.param_grad(r, alpha=1.5, scale=2.0).values(),
        "hampel": fl.hampel.evaluate(r, outputs=("value", "weight")),
    }
    found[dtype] = {name: [x.tolist() for x in arrays] for name, arrays in results.items()}
print(json.dumps(found))
"""


def add(folder):
    """The sources of the package with the additions, for the slowest instruction set alone."""
    package = Path(fl.__file__).parent
    shutil.copytree(package, folder / "fastloss", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(CSRC, folder / "csrc")
    for name, text in ADDED.items():
        path = folder / "csrc" / name
        head, undef, tail = path.read_text(encoding="utf-8").partition("#undef")
        path.write_text(head + text + "\n" + undef + tail, encoding="utf-8")
    path = folder / "csrc" / "isas.def"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("ISA(avx")), encoding="utf-8")
    with (folder / "fastloss" / "losses" / "residual.py").open("a", encoding="utf-8") as declarations:
        declarations.write(DECLARATION)


def build(folder):
    """The extension modules that see the tables of kernels."""
    isa, csrc = isas()[0], folder / "csrc"
    (folder / "no_rows.c").write_text(NO_ROWS.format(isa=isa), encoding="utf-8")

    def kernels(arithmetic):
        target = folder / f"{arithmetic}.o"
        compile_c(*kernel_flags(isa, arithmetic, csrc, "-O0"), "-c", csrc / "map.c", "-o", target)
        return target

    def module(name, *sources):
        pyx = folder / "fastloss" / "core" / f"{name}.pyx"
        directives = ["-3", "-X", "cdivision=True"]
        subprocess.run(
            [sys.executable, "-m", "cython", *directives, pyx, "-o", folder / f"{name}.c"], check=True, cwd=folder
        )
        headers = csrc, folder / "fastloss" / "include", np.get_include(), sysconfig.get_paths()["include"]
        includes = [f"-I{header}" for header in headers]
        target = pyx.with_name(name + sysconfig.get_config_var("EXT_SUFFIX"))
        compile_c("-shared", "-fPIC", "-std=gnu11", "-O0", *includes, folder / f"{name}.c", *sources, "-o", target)

    with ThreadPoolExecutor(2) as pool:
        compiled = list(pool.map(kernels, (32, 64, 3264)))
        modules = [
            pool.submit(module, "kernels", csrc / "dispatch.c", csrc / "capi.c", folder / "no_rows.c", *compiled),
            *(
                pool.submit(module, name)
                for name in ("rows", "distances", "tiles", "plain", "combination", "functions")
            ),
        ]
        for done in modules:
            done.result()


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("additions")
    add(folder)
    build(folder)
    run = subprocess.run([sys.executable, "-c", USE], cwd=folder, check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


def quartic(r, a, b, c, d):
    """(value, grad, hess, weight), exact."""
    r, a, b, c, d = (Fraction(float(x)) for x in (r, a, b, c, d))
    grad = a + b * r + c * r**2 + d * r**3
    return a * r + b * r**2 / 2 + c * r**3 / 3 + d * r**4 / 4, grad, b + 2 * c * r + 3 * d * r**2, grad / r


R = [-3, -1.5, -0.5, 0.5, 1, 2, 3] * 9
COLUMNS = [i / 4 for i in range(len(R))]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_loss_of_four_parameters(found, dtype):
    close = {"rtol": 4 * float(np.finfo(dtype).eps), "atol": 0}
    exact = [[float(x) for x in quartic(r, 0.5, -2, 3, 1.25)] for r in R]
    np.testing.assert_allclose(np.transpose(found[dtype]["scalars"]), exact, **close)
    exact = [
        [float(x) for x in quartic(r, 0.5, -2, c, d)[:2]] for r, c, d in zip(R, COLUMNS, COLUMNS[::-1], strict=True)
    ]
    np.testing.assert_allclose(np.transpose(found[dtype]["arrays"]), exact, rtol=64 * close["rtol"])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_output(found, dtype):
    cube = [float(r) ** 3 for r in R]
    assert found[dtype]["output"] == [cube]
    assert np.isnan(found[dtype]["undefined"]).all(), "a target that is no class is NaN in every output"
    hess, weighted, weight = found[dtype]["weighted"]
    assert weighted == [x * w for x, w in zip(cube, COLUMNS, strict=True)]
    assert hess == [x * w for x, w in zip(found[dtype]["scalars"][2], COLUMNS, strict=True)]
    assert weight == found[dtype]["scalars"][3], "the IRLS weight stays as it is"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_others_stay_as_they_are(found, dtype):
    r = np.array(R, dtype)
    names = {"robust": fl.robust.param_grad(r, alpha=1.5, scale=2.0).values()}
    names["hampel"] = fl.hampel.evaluate(r, outputs=("value", "weight"))
    for name, arrays in names.items():
        np.testing.assert_allclose(found[dtype][name], list(arrays), rtol=16 * float(np.finfo(dtype).eps))
