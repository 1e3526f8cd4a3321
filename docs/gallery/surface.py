"""
The surface over alpha
======================

Residual and alpha are two axes of one surface, on which the general robust loss has no step and no edge. Along the line
of residual 0 it is 0 for every alpha; far from it the valley opens from the parabola of alpha = 2 to the plains of the
negative alphas, where an outlier has nowhere to roll to.
"""

# %%
# Heights end at 6 and gradients at 2, so that the parabola does not hide the rest. ``fastloss plot surface -o
# surface.png`` draws the same.

import numpy as np

import fastloss as fl

figure = fl.plot.surface()

# %%
# That the loss changes smoothly with alpha is what lets alpha be learned; the kernel has that derivative too. At 0 the
# formula divides by zero, and the derivative goes on as if nothing was there. Towards 2 it grows, slowly, as a
# logarithm does, and has no bound.

alphas = np.array([1.999999, 1.999, 1.0, 1e-9, 0.0, -1e-9, -2.0])
by_alpha = fl.robust.param_grad(np.full(7, 3.0), alpha=alphas)["alpha"]
for alpha, derivative in zip(alphas, by_alpha, strict=True):
    print(f"alpha {alpha:14.9f}: derivative by alpha at residual 3 is {derivative:.9f}")

# %%
# J. T. Barron, "A General and Adaptive Robust Loss Function", CVPR 2019.
