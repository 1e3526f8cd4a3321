#define FL_ISA baseline
#define FL_BYTES 16
#include "../kernels.inc"
