"""What every loss is made of: the object that is called, its arguments, and the hot loops over the kernels."""
