"""A loss of its own, which the workers of a cluster import from a copy of this file."""

import numpy as np

import fastloss as fl


def value(r, c):
    return c * np.log1p(np.abs(r) / c)


def grad(r, c):
    return np.sign(r) / (1 + np.abs(r) / c)


soft = fl.custom("soft", value, grad, parameters={"c": 1.0})
