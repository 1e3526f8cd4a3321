/* Memory in pages of 2 MiB, where the system has them: they are cleared in less time, and found sooner. */
#ifndef FL_LARGE_PAGES_H
#define FL_LARGE_PAGES_H

#include <stddef.h>
#include <stdint.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#define FL_PAGE ((size_t)1 << 12)
#define FL_LARGE_PAGE ((size_t)1 << 21)

/* Ask for it, for memory that is large enough; before it is used. */
static inline void fl_in_large_pages(void *memory, size_t size) {
#ifdef MADV_HUGEPAGE
    uintptr_t start = ((uintptr_t)memory + FL_PAGE - 1) / FL_PAGE * FL_PAGE;
    if (size >= FL_LARGE_PAGE) madvise((void *)start, (uintptr_t)memory + size - start, MADV_HUGEPAGE);
#else
    (void)memory, (void)size;
#endif
}
#endif
