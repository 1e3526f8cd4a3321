"use strict";
// Losses and lines: what the explorer computes. The kernels of the library evaluate the losses, here as WebAssembly.

const OUTPUTS = ["value", "grad", "hess", "weight"];

// A function of (name of a loss, its parameters, residuals) that returns {value, grad, hess, weight}, arrays of numbers
async function loadKernels() {
  const bytes = Uint8Array.from(atob(KERNELS), (character) => character.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(bytes, {});
  const kernels = instance.exports;
  kernels._initialize();
  const numbers = (at, count) => new Float64Array(kernels.memory.buffer, at, count);
  const text = (at) => {
    const from = new Uint8Array(kernels.memory.buffer, at);
    return String.fromCharCode(...from.subarray(0, from.indexOf(0)));
  };
  const numberOf = {};
  for (let k = 0; k < kernels.losses(); k++) if (kernels.name(k)) numberOf[text(kernels.name(k))] = k;
  const most = kernels.most();
  return (name, parameters, residuals) => {
    numbers(kernels.parameters(), parameters.length).set(parameters);
    numbers(kernels.residuals(), residuals.length).set(residuals);
    const { kernel, term } = SHIFTED[name] ?? { kernel: name };
    kernels.evaluate(numberOf[kernel], residuals.length);
    const all = numbers(kernels.outputs(), most * OUTPUTS.length);
    const part = (output, k) => [output, all.slice(k * most, k * most + residuals.length)];
    const found = Object.fromEntries(OUTPUTS.map(part));
    if (term) found.value = found.value.map((value) => value + term(parameters));
    return found;
  };
}

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

// The median of the slopes between all pairs of points: no single point moves it far.
function startingLine(points) {
  const slopesFrom = (p, others) => others.map((q) => (q.y - p.y) / (q.x - p.x)).filter(Number.isFinite);
  const slope = median(points.flatMap((p, i) => slopesFrom(p, points.slice(i + 1))));
  return { slope, intercept: median(points.map((p) => p.y - slope * p.x)) };
}

const along = (line, step, share) =>
  ({ slope: line.slope + share * step.slope, intercept: line.intercept + share * step.intercept });

// The step of weighted least squares, from the derivatives of the losses and their weights
function stepOf(points, grad, weight) {
  let total = 0, mean = 0, pull = 0, spread = 0, turn = 0;
  points.forEach((p, i) => { total += weight[i]; mean += weight[i] * p.x; pull += grad[i]; });
  if (total === 0) return { slope: 0, intercept: 0 };
  mean /= total;
  points.forEach((p, i) => { spread += weight[i] * (p.x - mean) ** 2; turn += grad[i] * (p.x - mean); });
  const slope = spread === 0 ? 0 : -turn / spread;
  return { slope, intercept: -pull / total - slope * mean };
}

// Derivatives and weights at the residuals of a line, prediction - y: of the loss or, if a width is given, of its
// average over residuals within that width, which has no kinks.
function derivatives(loss, points, line, width) {
  const residuals = points.map((p) => line.intercept + line.slope * p.x - p.y), count = points.length;
  if (width === 0) return loss(residuals);
  const output = loss([-width, width, 0].flatMap((shift) => residuals.map((r) => r + shift)));
  const rise = (of) => residuals.map((_, i) => (of[count + i] - of[i]) / (2 * width));
  const weight = output.weight.slice(2 * count).map((w) => Math.min(w, 1 / width));
  return { grad: rise(output.value), hess: rise(output.grad), weight };
}

// The line to which iteratively reweighted least squares comes: each step has the weights of the loss, or its second
// derivatives where those are greater, and ends where the sum of the losses would rise again. The width over which a
// loss with kinks is averaged shrinks to nothing. Without a number where the losses leave the range of numbers.
function fitLine(loss, points, hasKinks) {
  let line = startingLine(points);
  for (const width of hasKinks ? [1, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7] : [0]) {
    let now = derivatives(loss, points, line, width);
    for (let turn = 0; turn < 100; turn++) {
      const step = stepOf(points, now.grad, now.weight.map((weight, i) => Math.max(weight, now.hess[i])));
      const size = Math.abs(step.slope) + Math.abs(step.intercept);
      if (Number.isNaN(size)) return { slope: NaN, intercept: NaN };
      if (size < Math.max(1e-3 * width, 1e-10)) break;
      const rate = (grad) => points.reduce((sum, p, i) => sum + grad[i] * (step.intercept + step.slope * p.x), 0);
      const enough = 0.1 * Math.abs(rate(now.grad));
      let low = 0, high = 1, share = 1, next = derivatives(loss, points, along(line, step, 1), width);
      for (let halving = 0; halving < 20; halving++) {
        const rising = rate(next.grad);
        if (Math.abs(rising) <= enough || (share === 1 && rising < 0)) break;
        if (rising > 0) high = share; else low = share;
        share = (low + high) / 2;
        next = derivatives(loss, points, along(line, step, share), width);
      }
      line = along(line, step, share);
      now = next;
    }
  }
  return line;
}
