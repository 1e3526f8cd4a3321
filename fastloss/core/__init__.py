"""The parts of every loss: the object that is called, its arguments, and the hot loops over the kernels."""
