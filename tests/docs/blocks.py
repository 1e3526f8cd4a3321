"""The code blocks of a Markdown page, run in their order in a folder as a reader would: Python, doctests, the shell.

A block of `text` that follows Python or the shell is what these print.
"""

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
from pathlib import Path

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$(?:\s*^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
RUN = ("python", "console")
INSTALLS = re.compile(r"^(\S*pip|python3? -m (venv|pip))\b")  # .ci/run does what these say, in a clone


def blocks(page):
    """[(language, code, its line, what it prints or None)] of the page, of the languages that are run."""
    text = Path(page).read_text(encoding="utf-8")
    found = [(*match.group(1, 2), text[: match.start()].count("\n") + 2, match[3]) for match in FENCE.finditer(text)]
    return [block for block in found if block[0] in RUN]


def imported(page):
    """The packages that the Python of a page imports."""
    code = "\n".join(code for language, code, *_ in blocks(page) if language == "python")
    lines = re.findall(r"^(?:>>> )?(?:import (.+)|from (\w+)[\w.]* import)", code, re.MULTILINE)
    names = [name.split()[0].split(".")[0] for several, one in lines for name in (one or several).split(",")]
    return sorted(set(names) - {"fastloss"})


def run_page(page, names, folder, stands_for=None):
    """Run the blocks of a page in `folder`, the current one, with `names` as the globals of its Python.

    `stands_for` has {what is written: what is meant}.
    """
    command = _command(folder)
    for language, code, line, prints in blocks(page):
        for written, meant in (stands_for or {}).items():
            code = code.replace(written, meant)
        printed = io.StringIO()
        if language == "console":
            printed.write(_run_shell(code, command, f"{page}:{line}"))
        elif ">>> " in code:
            _run_doctest(code, names, page, line)
        else:
            with contextlib.redirect_stdout(printed):
                exec(compile("\n" * (line - 1) + code, str(page), "exec"), names)
        assert prints in (None, printed.getvalue()), f"{page}:{line}: printed\n{printed.getvalue()}"


def _command(folder):
    """The PATH with `fastloss` and `python` of this interpreter."""
    programs = Path(folder) / ".bin"
    programs.mkdir()
    for name, module in (("fastloss", " -m fastloss"), ("python", "")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    return os.pathsep.join([str(programs), os.environ["PATH"]])


def _run_shell(code, path, where):
    lines = [
        line.removeprefix("$ ") for line in code.splitlines() if not code.startswith("$ ") or line.startswith("$ ")
    ]
    script = "\n".join(line for line in lines if not INSTALLS.match(line))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{where}: exit code {done.returncode}\n{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def _run_doctest(code, names, page, line):
    test = doctest.DocTestParser().get_doctest(code, names, Path(page).name, str(page), line - 1)
    said = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, clear_globs=False, out=said.append)
    names.update(test.globs)
    assert not said, "".join(said)
