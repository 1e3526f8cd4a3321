#define FL_ISA avx512
#define FL_BYTES 64
