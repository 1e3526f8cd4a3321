"""The modules of examples/compiled/, built as docs/c.md says."""

import importlib.util
import subprocess
import sys
import sysconfig
import threading

import numpy as np
import pytest
from catalogue import assert_same_bits
from compiled import ROOT, compile_c, need_compiler

import fastloss as fl

need_compiler()

EXAMPLES = ROOT / "examples" / "compiled"


def module(name, source, folder, *flags):
    target = folder / (name + sysconfig.get_config_var("EXT_SUFFIX"))
    includes = [f"-I{path}" for path in (fl.get_include(), sysconfig.get_paths()["include"])]
    compile_c("-shared", "-fPIC", "-O1", *flags, *includes, source, "-o", target)
    spec = importlib.util.spec_from_file_location(name, target)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_from_c(tmp_path):
    from_c = module("from_c", EXAMPLES / "from_c.c", tmp_path, "-std=c11", "-Wall", "-Wextra", "-Werror",
                    "-Wno-unused-parameter", "-Wno-missing-field-initializers")  # fmt: skip
    r = np.random.default_rng(0).standard_normal(5000)
    sums = []
    calls = [threading.Thread(target=lambda: sums.append(from_c.sum_of("huber", 1.345, r))) for _ in range(4)]
    for call in calls:
        call.start()
    for call in calls:
        call.join()
    assert len(set(sums)) == 1
    np.testing.assert_allclose(sums[0], fl.huber(r, delta=1.345, reduction="sum"), rtol=1e-12)
    for name, parameter, text in (
        ("hubr", 1.0, "2: unknown loss 'hubr'"),
        ("huber", -1.0, "3: huber must be delta > 0"),
    ):
        with pytest.raises(ValueError, match=text):
            from_c.sum_of(name, parameter, r)


def test_the_header_is_that_of_cplusplus_too(tmp_path):
    (tmp_path / "use.cpp").write_text("#include <fastloss.h>\nint main() { return FASTLOSS_OK; }\n", encoding="utf-8")
    source, target = tmp_path / "use.cpp", tmp_path / "use.o"
    compile_c("-x", "c++", "-c", "-Wall", "-Werror", f"-I{fl.get_include()}", source, "-o", target)


def test_a_header_newer_than_what_is_installed(tmp_path):
    header = (ROOT / "fastloss" / "include" / "fastloss.h").read_text(encoding="utf-8")
    newer = header.replace("#define FASTLOSS_VERSION 1", "#define FASTLOSS_VERSION 2")
    (tmp_path / "fastloss.h").write_text(newer, encoding="utf-8")
    with pytest.raises(ImportError, match=r"fastloss\.h has version 2, and the fastloss that is installed version 1"):
        module("from_c", EXAMPLES / "from_c.c", tmp_path, f"-I{tmp_path}")


def test_from_cython(tmp_path):
    pytest.importorskip("Cython", reason="Cython, which the module is written in, is not installed")
    source = tmp_path / "from_cython.c"
    command = [sys.executable, "-m", "cython", EXAMPLES / "from_cython.pyx", "-o", source]
    subprocess.run(command, check=True, cwd=tmp_path)
    from_cython = module("from_cython", source, tmp_path, "-O0")
    pred, target = np.random.default_rng(1).standard_normal((2, 3001))
    value, grad = np.empty_like(pred), np.empty_like(pred)
    from_cython.value_and_grad("hampel", pred, target, value, grad, 0.5, 1.0, 2.0)
    for got, want in zip((value, grad), fl.hampel.value_and_grad(pred, target, a=0.5, b=1.0, c=2.0), strict=True):
        assert_same_bits(got, want)
    with pytest.raises(ValueError, match="3: hampel has 3 parameters, got 1"):
        from_cython.value_and_grad("hampel", pred, target, value, grad, 1.0)
