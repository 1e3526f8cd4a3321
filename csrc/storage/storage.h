/* The storage types of arrays, and their conversion to float32 and float64, which kernels compute in. */
#ifndef FL_STORAGE_H
#define FL_STORAGE_H

#include <stddef.h>
#include <stdint.h>

enum {
#define STORAGE(name, bytes, code, is_exported) FL_##name,
#define INTEGER(name, type, value) FL_##name,
#include "storage/storage.def"
    FL_STORAGES
};

typedef struct {
    const char *name;
    char code;                                               /* NumPy's, of the dtype of floats; 0 */
    int is_exported;                                         /* NumPy exports buffers of it */
    size_t bytes;                                            /* of a number */
    void (*widen)(const void *, float *, size_t);            /* NULL for float64 */
    void (*widen_to_double)(const void *, double *, size_t); /* of integers, of which float32 holds but some */
} fl_storage_type;

extern const fl_storage_type fl_storage_types[FL_STORAGES];

/* Whether numbers of this storage can be read as float32 or float64: floats without loss, integers rounded */
int fl_can_read(int storage, int as_double);

/* Converts n numbers of another type than that computed in to float or double; fl_can_read holds. */
void fl_widen(int storage, const void *x, int as_double, void *out, size_t n);

#endif
