"use strict";
// What robust_nll adds to robust: log scale and log Z(alpha), by the series of fastloss/core/partition

function logPartition(alpha) {
  if (alpha === 2) return Math.log(2 * Math.PI) / 2;
  const nearness = -Math.log(Math.abs(alpha - 2));
  if (alpha < 1) return sumAt(alpha, SERIES.LOW);
  if (alpha < 2) return sumAt(nearness, SERIES.BELOW);
  return alpha <= 4 ? sumAt(nearness, SERIES.ABOVE) : sumAt(4 / alpha, SERIES.HIGH);
}

// The sum of the Chebyshev series of the interval of knots that v lies in, by Clenshaw's recurrence
function sumAt(v, { knots, pieces }) {
  const inside = knots.slice(1, -1), found = inside.findIndex((knot) => v <= knot);
  const k = found < 0 ? inside.length : found, [constant, ...series] = pieces[k];
  const x = (2 * v - (knots[k] + knots[k + 1])) / (knots[k + 1] - knots[k]);
  let one = 0, two = 0;
  for (const c of series.reverse()) [one, two] = [c + 2 * x * one - two, one];
  return constant + x * one - two;
}

// Losses that add a term of the parameters to another's values
const SHIFTED = {
  robust_nll: { kernel: "robust", term: ([alpha, scale]) => Math.log(scale) + logPartition(alpha) },
};
