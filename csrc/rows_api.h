typedef struct { int none; } fl_row_kernels;
