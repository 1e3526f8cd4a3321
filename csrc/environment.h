/* The floating-point environment that the kernels are written for, and in which their bits are what they are: rounding
 * to nearest, subnormal numbers kept, nothing trapped. Other libraries set another in threads of theirs, and a new
 * thread begins with that of the one which started it. So each run of blocks takes the standard one, and restores what
 * it found. */
#ifndef FL_ENVIRONMENT_H
#define FL_ENVIRONMENT_H

#include <stdint.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
enum { FL_STANDARD_FLOATS = 0x1f80, FL_FLOAT_STATUS = 0x3f }; /* all exceptions masked; flags that operations raise */
static inline uint64_t fl_floats(void) { return _mm_getcsr(); }
static inline void fl_set_floats(uint64_t control) { _mm_setcsr((unsigned)control); }
#elif defined(__aarch64__)
enum { FL_STANDARD_FLOATS = 0, FL_FLOAT_STATUS = 0 };
static inline uint64_t fl_floats(void) {
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    return control;
}
static inline void fl_set_floats(uint64_t control) { __asm__ volatile("msr fpcr, %0" : : "r"(control) : "memory"); }
#endif

static inline int fl_are_standard_floats(uint64_t control) {
    return (control & ~(uint64_t)FL_FLOAT_STATUS) == FL_STANDARD_FLOATS;
}

/* Not inlined, and as if they changed memory: compilers know nothing of the environment, and would move arithmetic over
 * a change of it. */
#define FL_KEEP_ORDER() __asm__ volatile("" : : : "memory")

/* Takes the standard environment, and returns the one before. */
static __attribute__((noinline, unused)) uint64_t fl_enter_floats(void) {
    uint64_t before = fl_floats();
    if (!fl_are_standard_floats(before)) fl_set_floats(FL_STANDARD_FLOATS);
    FL_KEEP_ORDER();
    return before;
}

static __attribute__((noinline, unused)) void fl_leave_floats(uint64_t before) {
    FL_KEEP_ORDER();
    if (!fl_are_standard_floats(before)) fl_set_floats(before);
}

#endif
