"""The losses, a family a file: signatures, formulas and docstrings; the arithmetic is in csrc/."""
