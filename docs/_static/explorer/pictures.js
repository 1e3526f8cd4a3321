"use strict";
// Pictures with axes, in SVG, as wide as what they stand in

function svgElement(name, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const near = (place) => Math.max(-1e4, Math.min(1e4, place));

// Round numbers from low to high, about `count` of them
function ticksOf([low, high], count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

// [low, high] around all finite numbers of some arrays, with room at both ends
function rangeOf(...arrays) {
  const finite = arrays.flatMap((array) => [...array]).filter((x) => Math.abs(x) < 1e15);
  const low = Math.min(...finite, 0), high = Math.max(...finite, 0), room = 0.06 * (high - low) || 1;
  return [low - room, high + room];
}

class Picture {
  margin = { left: 46, right: 8, top: 8, bottom: 38 };

  constructor(holder, label, height) {
    this.holder = holder;
    this.height = height;
    this.axes = svgElement("g", {});
    this.inside = svgElement("svg", {}); // what is drawn in it ends at its borders
    this.handle = svgElement("circle", { r: 22, class: "handle" });
    this.handle.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false }); // no scrolling
    this.svg = svgElement("svg", { role: "img", "aria-label": label }, this.axes, this.inside);
    holder.append(this.svg);
  }

  // Empty axes
  begin(x, y, xTitle, yTitle) {
    const { left, right, top, bottom } = this.margin;
    this.width = this.holder.clientWidth;
    Object.assign(this, { x, y, wide: this.width - left - right, high: this.height - top - bottom });
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    for (const [key, value] of Object.entries({ x: left, y: top, width: this.wide, height: this.high }))
      this.inside.setAttribute(key, value);
    this.inside.replaceChildren();
    const text = (content, attributes) => svgElement("text", attributes, content);
    const line = (x1, y1, x2, y2) => svgElement("line", { x1, y1, x2, y2 });
    const across = ticksOf(x, this.wide / 60).map((tick) => [tick, left + this.atX(tick)]);
    const up = ticksOf(y, this.high / 40).map((tick) => [tick, top + this.atY(tick)]);
    this.axes.replaceChildren(
      ...across.map(([, at]) => line(at, top, at, top + this.high)),
      ...up.map(([, at]) => line(left, at, left + this.wide, at)),
      ...across.map(([tick, at]) => text(`${tick}`, { x: at, y: top + this.high + 15, "text-anchor": "middle" })),
      ...up.map(([tick, at]) => text(`${tick}`, { x: left - 6, y: at + 4, "text-anchor": "end" })),
      text(xTitle, { x: left + this.wide / 2, y: this.height - 4, "text-anchor": "middle" }),
      text(yTitle, { x: 11, y: top + this.high / 2, "text-anchor": "middle",
        transform: `rotate(-90 11 ${top + this.high / 2})` }),
    );
  }

  // Places in the picture, also of infinities: far outside
  atX(x) { return near(((x - this.x[0]) / (this.x[1] - this.x[0])) * this.wide); }
  atY(y) { return near((1 - (y - this.y[0]) / (this.y[1] - this.y[0])) * this.high); }

  curve(xs, ys, look) {
    let path = "", isOn = false;
    xs.forEach((x, i) => {
      const y = this.atY(ys[i]);
      if (Number.isNaN(y)) { isOn = false; return; }
      path += `${isOn ? "L" : "M"}${this.atX(x).toFixed(1)} ${y.toFixed(1)}`;
      isOn = true;
    });
    this.inside.append(svgElement("path", { d: path, class: look }));
  }

  dot(x, y, look, opacity = 1) {
    if (Number.isNaN(y)) return;
    this.inside.append(svgElement("circle", { cx: this.atX(x), cy: this.atY(y), r: 5, class: look,
      "fill-opacity": opacity }));
  }

  // A place that a finger can take hold of
  holdAt(x, y) {
    this.handle.setAttribute("cx", this.margin.left + this.atX(x));
    this.handle.setAttribute("cy", this.margin.top + this.atY(y));
    if (!this.handle.isConnected) this.svg.append(this.handle); // moving it again would end a drag
  }

  // Calls moved(x, y) while `target`, the picture or its handle, is dragged.
  onDrag(target, moved) {
    const move = (event) => {
      const box = this.svg.getBoundingClientRect(), unit = this.width / box.width;
      const across = ((event.clientX - box.left) * unit - this.margin.left) / this.wide;
      const up = 1 - ((event.clientY - box.top) * unit - this.margin.top) / this.high;
      const within = (share, [low, high]) => low + Math.max(0, Math.min(1, share)) * (high - low);
      moved(within(across, this.x), within(up, this.y));
    };
    target.classList.add("draggable");
    target.addEventListener("pointerdown", (event) => {
      target.setPointerCapture(event.pointerId);
      move(event);
    });
    target.addEventListener("pointermove", (event) => {
      if (target.hasPointerCapture(event.pointerId)) move(event);
    });
  }
}
