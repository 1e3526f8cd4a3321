"""
A network of two layers, from scratch
=====================================

A network is products of matrices with a nonlinearity between them, and training it is the chain rule, from the gradient
of the loss back through the products. The loss and its gradient by the logits are one call here; the rest is NumPy.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import fastloss as fl

digits = load_digits()
order = np.random.default_rng(0).permutation(len(digits.target))
images, labels = digits.data[order] / 16, digits.target[order]
train, test = slice(0, 1400), slice(1400, None)

# %%
# Forward: 64 pixels, 32 hidden numbers, 10 logits. Backward: the gradient by the logits of the mean cross-entropy of a
# batch, and with it those by the weights of both layers.


class Network:
    def __init__(self, rng, sizes=(64, 32, 10)):
        inputs, hidden, classes = sizes
        self.first = rng.normal(0, np.sqrt(2 / inputs), (inputs, hidden))
        self.second = rng.normal(0, np.sqrt(2 / hidden), (hidden, classes))
        self.first_bias, self.second_bias = np.zeros(hidden), np.zeros(classes)

    def logits(self, x):
        self.hidden = np.maximum(x @ self.first + self.first_bias, 0)
        return self.hidden @ self.second + self.second_bias

    def step(self, x, target, loss, rate):
        value, by_logits = loss.value_and_grad(self.logits(x), target, reduction="mean")
        by_hidden = by_logits @ self.second.T * (self.hidden > 0)
        self.second -= rate * self.hidden.T @ by_logits
        self.second_bias -= rate * by_logits.sum(axis=0)
        self.first -= rate * x.T @ by_hidden
        self.first_bias -= rate * by_hidden.sum(axis=0)
        return value


# %%
# Two losses, the same beginning: cross-entropy, and cross-entropy whose labels are smoothed, which keeps the logits
# from growing without end. What is drawn is the mean cross-entropy of images that the network has not seen.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8))
for loss in (fl.cross_entropy.bind(), fl.cross_entropy.bind(label_smoothing=0.1)):
    rng = np.random.default_rng(1)
    network, unseen, accuracy = Network(rng), [], []
    for _ in range(25):
        for rows in np.split(rng.permutation(1400), 28):
            network.step(images[rows], labels[rows], loss, rate=0.3)
        logits = network.logits(images[test])
        unseen.append(fl.cross_entropy(logits, labels[test], reduction="mean"))
        accuracy.append(fl.metrics.accuracy(logits, labels[test]))
    name = "labels smoothed by 0.1" if loss.parameters.get("label_smoothing") else "labels as they are"
    left.plot(range(1, 26), unseen, label=name)
    right.plot(range(1, 26), accuracy, label=name)
    print(f"{name}: accuracy {accuracy[-1]:.3f}, cross-entropy {unseen[-1]:.3f}, largest logit {logits.max():.1f}")
left.set(title="cross-entropy, unseen images", xlabel="epoch", yscale="log")
right.set(title="accuracy, unseen images", xlabel="epoch", ylim=(0.8, 1))
left.legend()
plt.show()

# %%
# That the chain rule was written down correctly is seen by finite differences:

network, step = Network(np.random.default_rng(2)), 1e-6
batch, target = images[:8], labels[:8]
before = network.first.copy()
network.step(batch, target, fl.cross_entropy, rate=1.0)
by_first = before - network.first
at = np.unravel_index(np.abs(by_first).argmax(), by_first.shape)
network = Network(np.random.default_rng(2))
values = []
for sign in (1, -1):
    network.first = before.copy()
    network.first[at] += sign * step
    values.append(fl.cross_entropy(network.logits(batch), target, reduction="mean"))
print(f"derivative {by_first[at]:.9f}, difference quotient {(values[0] - values[1]) / (2 * step):.9f}")

# %%
# D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by back-propagating errors", Nature 323,
# 1986. C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016 (smoothed labels).
