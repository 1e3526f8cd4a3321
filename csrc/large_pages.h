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

/* Let the system take its large pages while nobody uses them, should it be short of memory; what is in them is lost then.
   Those at the ends stay: they may be shared with other memory. */
static inline void fl_lend_large_pages(void *memory, size_t size) {
#if defined(MADV_FREE) && defined(__linux__)
    uintptr_t start = ((uintptr_t)memory + FL_LARGE_PAGE - 1) / FL_LARGE_PAGE * FL_LARGE_PAGE;
    uintptr_t end = ((uintptr_t)memory + size) / FL_LARGE_PAGE * FL_LARGE_PAGE;
    if (start < end) madvise((void *)start, end - start, MADV_FREE);
#else
    (void)memory, (void)size;
#endif
}
#endif
