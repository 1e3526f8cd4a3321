"""reference/commands.md: the commands with their options, from what `fastloss COMMAND --help` is made of."""

from pathlib import Path

import typer

from fastloss.cli.app import app as application

HEAD = """\
# The command

`pip install 'fastloss[cli]'` brings the command `fastloss`. `fastloss COMMAND --help` prints what stands here.

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | done, but a gate (`--fail-if`) holds: each that does is printed |
| 2 | an argument, a file or its contents are wrong: one line says which, and nothing was written |
| 129, 130, 143 | ended by SIGHUP, Ctrl-C or SIGTERM: one line, no temporary file; `--resume` goes on from there |
"""


def setup(app):
    app.connect("builder-inited", write_page)
    return {"parallel_read_safe": True}


def write_page(app):
    commands = typer.main.get_command(application).commands
    folder = Path(app.srcdir) / "reference"
    folder.mkdir(exist_ok=True)
    text = "\n".join([HEAD, *(section(name, command) for name, command in commands.items())])
    (folder / "commands.md").write_text(text, encoding="utf-8")


def section(name, command):
    """The part of the page about a command."""
    context = command.context_class(command, info_name=f"fastloss {name}")
    usage = command.get_usage(context).removeprefix("Usage: ")
    records = [parameter.get_help_record(context) for parameter in command.params]
    described = [f"- `{' '.join(names.split())}`. {_literal(text)}" for names, text in filter(None, records)]
    paragraphs = [_literal(paragraph) for paragraph in command.help.split("\n\n")]
    return "\n\n".join([f"## {name}", *paragraphs, f"```text\n{usage}\n```", "\n".join(described), ""])


def _literal(text):
    """Plain text, in which rich's brackets are escaped, as Markdown; what is between backticks stays code."""
    parts = " ".join(text.replace(r"\[", "[").split()).split("`")
    for k in range(0, len(parts), 2):
        for character in "\\*_[]<>|$#":
            parts[k] = parts[k].replace(character, "\\" + character)
    return "`".join(parts)
