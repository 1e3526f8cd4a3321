"""explanation/behind.md: the jobs of docs/files.md in which another library is ahead of fastloss."""

from pathlib import Path

from loss_tables import DOCS, cells, table

SHOWN = ("fastloss", "polars", "DuckDB", "pyarrow")


def setup(app):
    app.connect("builder-inited", write_page)
    return {"parallel_read_safe": True}


def write_page(app):
    text = (DOCS / "files.md").read_text(encoding="utf-8").partition("\n## Processor time, seconds\n")[2]
    lines = [cells(line) for line in text.partition("\n## ")[0].splitlines() if line.startswith("|")]
    head, rows = lines[0], [row for row in lines[2:] if float(row[lines[0].index("ahead")].split()[0]) < 1]
    at = [head.index(name) for name in SHOWN]
    shown = table(["processor time, seconds", *SHOWN], [[row[0], *(row[k] for k in at)] for row in rows])
    (Path(app.srcdir) / "explanation" / "behind.md").write_text(shown if rows else "None.", encoding="utf-8")
