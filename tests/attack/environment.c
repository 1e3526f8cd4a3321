// The floating-point environment of the calling thread: what a library that wants speed, or other rounding, sets.
#if defined(__x86_64__)
#include <immintrin.h>
#define STATUS 0x3fu // flags that operations raise

unsigned long attack_environment(void) { return _mm_getcsr() & ~STATUS; }

void attack_set_environment(unsigned long bits) { _mm_setcsr((unsigned)bits); }

// subnormals are written as 0, read as 0; rounded down, up, towards 0
const unsigned long attack_modes[] = {0x8000, 0x40, 0x8040, 0x2000, 0x4000, 0x6000, 0};
#elif defined(__aarch64__)
unsigned long attack_environment(void) {
    unsigned long bits;
    __asm__ volatile("mrs %0, fpcr" : "=r"(bits));
    return bits;
}

void attack_set_environment(unsigned long bits) { __asm__ volatile("msr fpcr, %0" : : "r"(bits)); }

const unsigned long attack_modes[] = {1ul << 24, 2ul << 22, 1ul << 22, 3ul << 22, 0};
#endif
