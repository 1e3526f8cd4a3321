"""Attacks on what the README promises: short ones for pytest (marker `attack`), long ones by `python -m tests.attack`.

An attack is a function of a number, its trial: the number gives the same trial again. Trials run in child processes
(children.py), so that one that ends the interpreter is a finding like any other.
"""
