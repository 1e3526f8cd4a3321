#define FL_ISA neon
#define FL_BYTES 16
