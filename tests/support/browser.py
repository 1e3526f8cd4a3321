"""A browser, where there is one, and a look at a page in it."""

import shutil

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# look({contentDocument, contentWindow}), as a frame has, at what is in a part of it or in all: what is wider than the
# frame, colours that are hard to tell apart, numbers cut in two, labels of a picture one on another
LOOK = """
const luminance = rgb => rgb.map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const rgb = text => text.match(/[\\d.]+/g).map(Number);
function look(frame, part = frame.contentDocument.body) {
  const page = frame.contentDocument, view = frame.contentWindow;
  const found = {overflow: page.documentElement.scrollWidth - view.innerWidth, contrast: 99, size: 99, texts: 0,
                 broken: [], cut: [], overlapping: [], dark: view.matchMedia('(prefers-color-scheme: dark)').matches};
  const paper = node => rgb(view.getComputedStyle(node).backgroundColor);
  const walk = page.createTreeWalker(part, NodeFilter.SHOW_TEXT);
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
  for (const svg of part.querySelectorAll('svg')) {
    const labels = [...svg.querySelectorAll('text')].map(label => [label.textContent, label.getBoundingClientRect()]);
    labels.forEach(([one, a], i) => labels.slice(i + 1).forEach(([other, b]) => {
      if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
        found.overlapping.push(one + ' and ' + other);
    }));
  }
  return found;
}
"""
