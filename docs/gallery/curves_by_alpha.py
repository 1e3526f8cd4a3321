"""
Loss and gradient by alpha
==========================

The general robust loss is a family with one parameter, alpha. At 2 it is the squared error, at 1 it is close to the
absolute error, at 0 it is Cauchy's loss, at -2 that of Geman and McClure, and at minus infinity Welsch's. The smaller
alpha, the less an outlier pulls: the gradient of the lower ones comes back to 0.
"""

# %%
# Each curve is one call of the kernel, which returns value and gradient of all residuals in one pass.

import matplotlib.pyplot as plt
import numpy as np

import fastloss as fl

residual = np.linspace(-6, 6, 601)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8))
for alpha in (2, 1, 0, -2, -np.inf):
    value, grad = fl.robust.value_and_grad(residual, alpha=alpha)
    left.plot(residual, value, label=f"alpha = {alpha:g}")
    right.plot(residual, grad)
left.set(title="value", xlabel="residual / scale", ylim=(0, 5))
right.set(title="gradient", xlabel="residual / scale", ylim=(-2, 2))
left.legend()
plt.show()

# %%
# An outlier of ten scales counts as follows in a least-squares fit that is reweighted: the IRLS weight is the gradient
# over the residual.

for alpha in (2, 1, 0, -2, -np.inf):
    print(f"alpha {alpha:5g}: weight {fl.robust.weight([10.0], alpha=alpha)[0]:.2g}")

# %%
# The family is that of J. T. Barron, "A General and Adaptive Robust Loss Function", CVPR 2019.
