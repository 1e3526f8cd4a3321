"use strict";
// The page: controls, numbers and pictures of one loss, and of the line that it fits

// Twenty points about 1 + 0.8 x, and where one stands that may be anywhere
const POINTS = [2.8, -0.9, 2.2, 1.7, 2.2, 2.8, 1.6, 3.6, 3.4, 7.6, 5.2, 5.1, 5.5, 5.6, 5.7, 6.6, 7.8, 7.6, 9.1, 8.4]
  .map((y, i) => ({ x: i / 2, y }));
const OUTLIER_AT = 9.25;
const SQUARES = "squared_error", OF_SQUARES = `${SQUARES}()`; // what others are compared with
const RESIDUALS = [-10, 10], OUTLIERS = [-15, 15];
const grid = ([low, high], count) => Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
const PLACES = grid(OUTLIERS, 25);
const CURVES = { value: "value", gradient: "grad", weight: "weight" };
const NUMBERS = { ...CURVES, curvature: "hess" };

const byId = (id) => document.getElementById(`explorer-${id}`);
const shown = (x) => (Number.isNaN(x) ? "nan" : Math.abs(x) === Infinity ? (x > 0 ? "inf" : "-inf") : x.toPrecision(6));
const assignments = (values) => Object.entries(values).map(([name, value]) => `${name}=${value}`);

// {name, values} behind the # of the address: huber, or huber(delta=1.345) as the library writes a loss
function readAddress() {
  const [, name, inside = ""] = /^#(\w+)(?:\((.*)\))?$/.exec(location.hash) ?? [];
  return { name, values: Object.fromEntries(inside.split(",").map((text) => text.split("="))) };
}

class Explorer {
  constructor(evaluate) {
    this.evaluate = evaluate;
    byId("loss").append(...LOSSES.map(({ name }) => new Option(name)));
    byId("loss").addEventListener("change", (event) => { this.pick(event.target.value, {}); this.draw(true); });
    this.addControls();
    this.addPictures();
    this.slopes = {};
    this.pickFromAddress();
    addEventListener("hashchange", () => this.pickFromAddress());
    new ResizeObserver(() => this.draw(false)).observe(byId("pictures"));
  }

  addControls() {
    const changed = (isOver) => this.draw(isOver);
    this.residual = new NumberControl(byId("numbers"), "residual", RESIDUALS, 1.5, "pred \u2212 target", changed);
    this.outlier = new NumberControl(byId("numbers"), "outlier", OUTLIERS, -8, `its y, at x = ${OUTLIER_AT}`, changed);
  }

  addPictures() {
    this.line = new Picture(byId("line"), "Points, one of them far away, and the lines fitted to them", 330);
    this.line.onDrag(this.line.handle, (x, y) => this.outlier.move(y));
    this.influence = new Picture(byId("influence"), "The slope of the fitted line, wherever that point is", 220);
    this.influence.onDrag(this.influence.svg, (x) => this.outlier.move(x));
    this.curves = Object.entries(CURVES).map(([title, output]) => {
      const picture = new Picture(byId(`curve-of-${output}`), `The ${title} of the loss as a curve`, 190);
      picture.onDrag(picture.svg, (x) => this.residual.move(x));
      return { title, output, picture };
    });
  }

  pickFromAddress() {
    const { name, values } = readAddress();
    const isKnown = LOSSES.some((loss) => loss.name === name);
    this.pick(isKnown ? name : "huber", isKnown ? values : {});
    this.draw(false);
  }

  pick(name, values) {
    this.loss = LOSSES.find((loss) => loss.name === name);
    byId("loss").value = name;
    byId("parameters").replaceChildren();
    this.parameters = this.loss.parameters.map((parameter) => ({
      ...parameter,
      control: new NumberControl(byId("parameters"), parameter.name, sliderOf(parameter),
        values[parameter.name] ?? parameter.usual, parameter.domain, (isOver) => this.draw(isOver)),
    }));
    byId("summary").textContent = this.loss.summary;
    byId("formula").textContent = this.loss.formula;
    byId("page").href = `reference/${name}.html`;
  }

  // The parameters as {name: value}; null after saying what is wrong with a number
  read() {
    const values = Object.fromEntries(this.parameters.map(({ name, control }) => [name, control.value]));
    const checked = [
      ...this.parameters.map(({ name, domain, control }) => [control, wrongWith(name, control.value, domain, values)]),
      ...["residual", "outlier"].map((name) => [this[name], wrongWith(name, this[name].value, "any", {})]),
    ];
    for (const [control, wrong] of checked) control.mark(wrong !== "");
    byId("wrong").textContent = checked.map(([, wrong]) => wrong).filter(Boolean).join("; ");
    return byId("wrong").textContent ? null : values;
  }

  // isOver: the end of a change, after which the address names the loss
  draw(isOver) {
    const values = this.read();
    if (!values) {
      for (const output of document.querySelectorAll(".explorer output")) output.textContent = "\u2013";
      return;
    }
    const { name } = this.loss, loss = this.lossOf(name, values), bound = `${name}(${assignments(values)})`;
    this.drawCurves(loss, this.residual.value);
    const slope = this.drawLine(values, this.outlier.value);
    this.drawInfluence(bound, values, slope);
    const call = [`[${this.residual.value}]`, ...assignments(values), 'outputs=("value", "grad", "hess", "weight")'];
    byId("code").textContent = `fl.${name}.evaluate(${call.join(", ")})`;
    if (isOver) history.replaceState(null, "", `#${bound}`);
  }

  lossOf(name, values) {
    return (residuals) => this.evaluate(name, Object.values(values), residuals);
  }

  drawCurves(loss, residual) {
    const own = loss([residual]), residuals = grid(RESIDUALS, 401), outputs = loss(residuals);
    for (const [word, output] of Object.entries(NUMBERS)) byId(word).textContent = shown(own[output][0]);
    for (const { title, output, picture } of this.curves) {
      const isNearZero = (i) => Math.abs(residuals[i]) < 0.25; // where a weight may be infinite
      picture.begin(RESIDUALS, rangeOf(outputs[output].filter((_, i) => !isNearZero(i))), "residual", title);
      picture.curve([residual, residual], picture.y, "marker");
      picture.curve(residuals, outputs[output], "own");
      picture.dot(residual, own[output][0], "far");
    }
  }

  // The line that a loss fits to the points and, unless it is null, an outlier
  fit(name, values, outlier) {
    const points = outlier === null ? POINTS : [...POINTS, { x: OUTLIER_AT, y: outlier }];
    return fitLine(this.lossOf(name, values), points, LOSSES.find((loss) => loss.name === name).has_kinks);
  }

  drawLine(values, outlier) {
    const { name } = this.loss, own = this.fit(name, values, outlier), squares = this.fit(SQUARES, {}, outlier);
    byId("slope").textContent = shown(own.slope);
    byId("without").textContent = shown(this.fit(name, values, null).slope);
    byId("squares").textContent = shown(squares.slope);
    const ends = [-0.5, 10], at = (line, x) => line.intercept + line.slope * x;
    this.line.begin(ends, [OUTLIERS[0] - 1, OUTLIERS[1] + 1], "x", "y");
    this.line.curve(ends, ends.map((x) => at(squares, x)), "other");
    this.line.curve(ends, ends.map((x) => at(own, x)), "own");
    const points = [{ x: OUTLIER_AT, y: outlier }, ...POINTS];
    const { weight } = this.lossOf(name, values)(points.map((p) => at(own, p.x) - p.y));
    const most = Math.max(...weight.filter(Number.isFinite));
    points.forEach((p, i) => this.line.dot(p.x, p.y, i ? "point" : "far", Math.min(1, weight[i] / most) || 0));
    this.line.holdAt(OUTLIER_AT, outlier);
    return own.slope;
  }

  drawInfluence(bound, values, slope) {
    const ofSquares = this.slopesOf(SQUARES, {}, OF_SQUARES), own = this.slopesOf(this.loss.name, values, bound);
    this.paintInfluence = () => {
      this.influence.begin(OUTLIERS, rangeOf(ofSquares), "outlier", "slope");
      this.influence.curve([this.outlier.value, this.outlier.value], this.influence.y, "marker");
      this.influence.curve(PLACES, ofSquares, "other");
      this.influence.curve(PLACES, own, "own");
      this.influence.dot(this.outlier.value, slope, "far");
    };
    this.paintInfluence();
  }

  // The slopes of the lines of a loss by the place of the outlier; NaN until they are computed.
  slopesOf(name, values, bound) {
    if (!this.slopes[bound]) {
      this.slopes = { [OF_SQUARES]: this.slopes[OF_SQUARES], [bound]: PLACES.map(() => NaN) };
      this.addSlopes(name, values, this.slopes[bound], 0);
    }
    return this.slopes[bound];
  }

  // Some of them at once; if that takes long, the others between other things.
  addSlopes(name, values, slopes, from) {
    const end = performance.now() + 20;
    let i = from;
    for (; i < PLACES.length && performance.now() < end; i++) slopes[i] = this.fit(name, values, PLACES[i]).slope;
    if (i < PLACES.length) setTimeout(() => {
      if (!Object.values(this.slopes).includes(slopes)) return; // others are wanted by now
      this.addSlopes(name, values, slopes, i);
      this.paintInfluence();
    });
  }
}

loadKernels().then((evaluate) => new Explorer(evaluate)).catch((error) => {
  byId("wrong").textContent = `This page needs a browser with WebAssembly: ${error.message}`;
});
