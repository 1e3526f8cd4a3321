"""The page in a browser, where there is one: as wide as a phone and as a desktop, light and dark."""

import html
import json
import re
import subprocess

import numpy as np
import pytest
from browser import BROWSER, LOOK

import fastloss as fl
from fastloss.exact.groups import GroupCollector

pytestmark = pytest.mark.integrations
pa = pytest.importorskip("pyarrow")

ONLOAD = """
const frames = () => [...document.querySelectorAll('iframe')];
onload = () => document.body.replaceChildren(JSON.stringify(frames().map(frame => look(frame))));
"""


def page():
    rng = np.random.default_rng(0)
    keys = ["<script>throw 1</script>", "2026-11-01", "a long name " * 9, "2026-11-01 00:00:00.25", -1.5, None]
    collector = GroupCollector("day", bins=15)
    codes = rng.integers(0, 6, 3000)
    values = np.append(rng.standard_normal(2998), [np.inf, 1e-300])
    predicted = rng.random(3000) ** 2, rng.random(3000) < 0.3
    collector.add(values, None, None, None, codes, keys, predicted)
    worst = pa.table({"file": ["data/part-0001.parquet"] * 3, "value": [np.inf, 3.5, 3.25], "text": ["word " * 50] * 3})
    summary = collector.summary().of_loss("huber(delta=1.345)")
    shown = {"huber": summary, "absolute": summary.groups[-1.5], "far": far()}
    return fl.report.html(shown, about={"data": "data/"}, worst=worst)


def far():
    """Of differences of both signs, one of them far out."""
    return fl.summarize(np.append(np.geomspace(-3.0, -1e-6, 2000), np.geomspace(1e-3, 1.01e20, 2000)))


@pytest.mark.skipif(BROWSER is None, reason="no chromium is installed")
@pytest.mark.parametrize("dark", [False, True])
def test_the_page_in_a_browser(tmp_path, dark):
    frames = "".join(f'<iframe width="{w}" height="800" srcdoc="{html.escape(page())}"></iframe>' for w in (390, 1280))
    (tmp_path / "frames.html").write_text(f"<!DOCTYPE html><script>{LOOK}{ONLOAD}</script>{frames}", encoding="utf-8")
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
               "--enable-logging=stderr", f"--blink-settings=preferredColorScheme={0 if dark else 1}",
               "--dump-dom", str(tmp_path / "frames.html")]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in done.stderr
    found = json.loads(html.unescape(re.search(r"<body>(\[.*\])</body>", done.stdout, re.DOTALL)[1]))
    assert len(found) == 2
    for each in found:
        assert each["dark"] is dark and each["texts"] > 100
        assert each["overflow"] <= 0 and each["contrast"] >= 4.5 and each["size"] >= 9
        assert each["broken"] == each["cut"] == each["overlapping"] == []
