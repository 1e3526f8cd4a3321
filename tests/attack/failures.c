// Preloaded: makes one allocation fail, or every start of a thread from some number on, as they do where there is no more
// memory, and where a process may have no more threads.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static atomic_long failing, seen; // the number of the allocation that fails, 0 for none; how many there were
static atomic_long threads = -1;  // how many more may start, -1 for all

void attack_fail_allocation(long number) {
    atomic_store(&seen, 0);
    atomic_store(&failing, number);
}

long attack_allocations(void) { return atomic_load(&seen); }

void attack_limit_threads(long more) { atomic_store(&threads, more); }

static int fails(void) {
    long number = atomic_load_explicit(&failing, memory_order_relaxed);
    if (!number || atomic_fetch_add(&seen, 1) + 1 != number) return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }

void *calloc(size_t count, size_t size) { return fails() ? NULL : __libc_calloc(count, size); }

void *realloc(void *old, size_t size) { return fails() ? NULL : __libc_realloc(old, size); }

void *aligned_alloc(size_t alignment, size_t size) { return fails() ? NULL : __libc_memalign(alignment, size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    void *memory = fails() ? NULL : __libc_memalign(alignment, size);
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");
    if (atomic_load(&threads) >= 0 && atomic_fetch_sub(&threads, 1) <= 0) {
        atomic_store(&threads, 0);
        return EAGAIN;
    }
    return create(thread, attributes, start, argument);
}
