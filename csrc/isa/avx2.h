#define FL_ISA avx2
#define FL_BYTES 32
