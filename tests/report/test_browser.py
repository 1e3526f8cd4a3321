"""The page in a browser, where there is one: as wide as a phone and as a desktop, light and dark."""

import html
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

import fastloss as fl
from fastloss.exact.groups import GroupCollector

pytestmark = pytest.mark.integrations
pa = pytest.importorskip("pyarrow")

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Looks at a page in a frame: what is wider than it, colours that are hard to tell apart, numbers cut in two
LOOK = """
const luminance = rgb => rgb.map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const rgb = text => text.match(/[\\d.]+/g).map(Number);
function look(frame) {
  const page = frame.contentDocument, view = frame.contentWindow;
  const found = {overflow: page.documentElement.scrollWidth - view.innerWidth, contrast: 99, size: 99, texts: 0,
                 broken: [], cut: [], dark: view.matchMedia('(prefers-color-scheme: dark)').matches};
  const paper = node => rgb(view.getComputedStyle(node).backgroundColor);
  const walk = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode, of = text.parentElement, style = view.getComputedStyle(of);
    if (!text.data.trim() || of.tagName === 'title') continue;
    let under = of;
    while (under.parentElement && paper(under)[3] === 0) under = under.parentElement;
    const [a, b] = [rgb(of.closest('svg') ? style.fill : style.color), paper(under)]
      .map(colour => luminance(colour.slice(0, 3)));
    found.texts += 1;
    found.contrast = Math.min(found.contrast, (Math.max(a, b) + .05) / (Math.min(a, b) + .05));
    found.size = Math.min(found.size, parseFloat(style.fontSize));
    const range = page.createRange();
    for (const number of text.data.matchAll(/-?\\d[\\d.,]*(e[-+]\\d+)?/g)) {
      range.setStart(text, number.index);
      range.setEnd(text, number.index + number[0].length);
      const boxes = [...range.getClientRects()];
      if (new Set(boxes.map(box => Math.round(box.top))).size > 1) found.broken.push(number[0]);
      const is_out = boxes.some(box => box.left < 0 || box.right > view.innerWidth);
      if (is_out && !of.closest('.scroll')) found.cut.push(number[0]);
    }
  }
  return found;
}
onload = () => document.body.replaceChildren(JSON.stringify([...document.querySelectorAll('iframe')].map(look)));
"""


def page():
    rng = np.random.default_rng(0)
    keys = ["<script>throw 1</script>", "2026-11-01", "a long name " * 9, "2026-11-01 00:00:00.25", -1.5, None]
    collector = GroupCollector("day")
    codes = rng.integers(0, 6, 3000)
    values = np.append(rng.standard_normal(2998), [np.inf, 1e-300])
    collector.add(values, None, None, None, codes, keys)
    worst = pa.table({"file": ["data/part-0001.parquet"] * 3, "value": [np.inf, 3.5, 3.25], "text": ["word " * 50] * 3})
    summary = collector.summary().of_loss("huber(delta=1.345)")
    return fl.report.html({"huber": summary, "absolute": summary.groups[-1.5]}, about={"data": "data/"}, worst=worst)


@pytest.mark.skipif(BROWSER is None, reason="no chromium is installed")
@pytest.mark.parametrize("dark", [False, True])
def test_the_page_in_a_browser(tmp_path, dark):
    frames = "".join(f'<iframe width="{w}" height="800" srcdoc="{html.escape(page())}"></iframe>' for w in (390, 1280))
    (tmp_path / "frames.html").write_text(f"<!DOCTYPE html><script>{LOOK}</script>{frames}", encoding="utf-8")
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
        assert each["broken"] == each["cut"] == []
