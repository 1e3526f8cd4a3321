"""The site in a browser, where there is one: on a phone and on a desk, light and dark, and without a network."""

import html
import json
import re
import shutil
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

import fastloss as fl

pytestmark = pytest.mark.docs

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Looks at pages in a frame, one after the other: how much wider than it they are, and texts that are hard to read
LOOK = """
const luminance = rgb => rgb.slice(0, 3).map(v => v / 255)
  .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const rgb = text => text.match(/[\\d.]+/g).map(Number);
const pause = ms => new Promise(done => setTimeout(done, ms));
const shown = node => node.checkVisibility({checkOpacity: true, checkVisibilityCSS: true});
// A wide table scrolls in its box
const ASIDE = 'mjx-assistive-mml, .pst-scrollable-table-container';
// The words of a name that stand on more than one line
function broken(page, name) {
  const words = [], walk = page.createTreeWalker(name, NodeFilter.SHOW_TEXT);
  while (walk.nextNode())
    for (const word of walk.currentNode.data.matchAll(/\\S+/g)) {
      const range = page.createRange();
      range.setStart(walk.currentNode, word.index);
      range.setEnd(walk.currentNode, word.index + word[0].length);
      const lines = new Set([...range.getClientRects()].filter(box => box.width).map(box => Math.round(box.bottom)));
      if (lines.size > 1) words.push(word[0]);
    }
  return words;
}
async function look(address) {
  const frame = document.createElement('iframe');
  frame.style = `width: ${WIDTH}px; height: 844px`;
  frame.src = address;
  await new Promise(done => { frame.onload = done; document.body.replaceChildren(frame); });
  const page = frame.contentDocument, view = frame.contentWindow;
  if (view.MathJax) await view.MathJax.startup.promise;
  for (const animation of page.getAnimations()) animation.finish();
  await pause(50);
  const paper = node => rgb(view.getComputedStyle(node).backgroundColor);
  const found = {address, dark: page.documentElement.dataset.theme === 'dark', texts: 0, faint: [],
                 overflow: page.documentElement.scrollWidth - WIDTH, wide: [], broken: [], math: 0, plain: 0,
                 pictures: [...page.images].filter(image => shown(image) && !image.naturalWidth).map(i => i.src)};
  found.math = page.querySelectorAll('mjx-container').length;
  found.plain = page.querySelectorAll('.math').length;
  for (const node of page.querySelectorAll('.bd-article-container *'))
    if (shown(node) && node.getBoundingClientRect().right > WIDTH + 1 && !node.closest(ASIDE))
      found.wide.push(node.tagName + ' ' + node.className + ' ' + node.textContent.slice(0, 40));
  for (const node of page.querySelectorAll('.bd-article-container, .bd-toc'))
    if (node.scrollWidth > node.clientWidth + 1) found.wide.push(node.className);
  for (const node of page.querySelectorAll('.pst-scrollable-table-container'))
    if (!['auto', 'scroll'].includes(view.getComputedStyle(node).overflowX)) found.wide.push(node.textContent);
  for (const name of page.querySelectorAll('.bd-article th, .prev-next-title'))
    if (shown(name)) found.broken.push(...broken(page, name));
  const walk = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const of = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || ['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(of.tagName) || !shown(of)) continue;
    let under = of;
    while (under.parentElement && paper(under)[3] === 0) under = under.parentElement;
    const [a, b] = [rgb(view.getComputedStyle(of).color), paper(under)].map(luminance);
    const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    found.texts += 1;
    if (contrast < 4.5) found.faint.push(contrast.toFixed(2) + ' ' + of.className + ' ' + of.textContent.slice(0, 40));
  }
  return found;
}
onload = async () => {
  const all = [];
  for (const address of PAGES) all.push(await look(address));
  document.body.replaceChildren(JSON.stringify(all));
};
"""


@pytest.fixture
def server(built):
    """(address, the requests that failed) of a server of the site."""
    out, *_ = built
    failed, pages = [], {}

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(out))

        def do_GET(self):
            if self.path not in pages:
                return super().do_GET()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(pages[self.path].encode())

        def log_request(self, code="-", size="-"):
            if int(code) >= 400:
                failed.append(self.path)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}", pages, failed
        serving.shutdown()


def chosen(site):
    """Every page, but of the losses one a family, that of the longest name."""
    losses = {fl.get(name).family: name for name in sorted(fl.list_losses(), key=len)}
    others = set(fl.list_losses()) - set(losses.values())
    return [name for name in site if not (name.startswith("reference/") and name[10:-5] in others)]


@pytest.mark.skipif(BROWSER is None, reason="no chromium is installed")
@pytest.mark.parametrize(("width", "dark"), [(390, False), (390, True), (1280, True)])
def test_the_pages_on_a_phone_and_on_a_desk(tmp_path, site, server, width, dark):
    address, pages, failed = server
    names = chosen(site)
    listed = json.dumps([f"/{name}" for name in names])
    pages["/look"] = f"<!DOCTYPE html><link rel=icon href=data:,><body><script>const WIDTH = {width}, PAGES = {listed};"
    pages["/look"] += f"{LOOK}</script>"
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
               "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--enable-logging=stderr",
               f"--blink-settings=preferredColorScheme={0 if dark else 1}", "--virtual-time-budget=600000",
               "--dump-dom", f"{address}/look"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=True)
    assert not failed
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    told = re.compile(r"pydata-sphinx-theme\.js|\[PST\]")  # what the theme does
    assert not [line for line in said if not told.search(line)]
    found = json.loads(html.unescape(re.search(r"<body>(\[.*\])</body>", done.stdout, re.DOTALL)[1]))
    assert [each["address"][1:] for each in found] == names
    for each in found:
        assert each["dark"] == dark and each["texts"] > 2, each["address"]
        assert each["math"] >= each["plain"], each["address"]
    for kind in ("faint", "pictures", "wide", "broken"):
        assert not {each["address"]: each[kind] for each in found if each[kind]}, kind
    assert not [each["address"] for each in found if each["overflow"] > 0]
