"""A loss of functions that numba compiles, which the workers of a cluster compile again from a copy of this file."""

import math

import numba

import fastloss as fl


@numba.cfunc("double(double, double)")
def value(r, c):
    return c * c * math.log1p(r * r / (c * c)) / 2


@numba.cfunc("double(double, double)")
def grad(r, c):
    return r / (1 + r * r / (c * c))


lorentz = fl.custom("lorentz", value, grad, parameters={"c": 1.0})
