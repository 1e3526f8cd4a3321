/* Exact sums of w, w^2, w v, w v^2, w^2 v and w^2 v^2, which tell the variance of values v with weights w.
 *
 * Both come as integers below 2^60: mantissas of 53 bits, times a power of two up to 2^7. So the terms have at most 60,
 * 120, 120, 180, 180 and 240 bits, and each sum has room for 2^64 of them. */
#ifndef FL_MOMENTS_H
#define FL_MOMENTS_H

#include <stdint.h>

typedef unsigned __int128 fl_uint128;

typedef struct {
    fl_uint128 low, high;
} fl_wide;

typedef struct {
    fl_uint128 w, ww, wv;
    fl_wide wvv, wwv, wwvv;
    uint64_t ww_top, wv_top, wwvv_top; /* above the bits of these */
} fl_moments;

static inline void fl_add(fl_uint128 *sum, uint64_t *top, fl_uint128 term) {
    *sum += term;
    *top += *sum < term;
}

static inline void fl_add_wide(fl_wide *sum, fl_uint128 low, fl_uint128 high) {
    sum->low += low;
    sum->high += high + (sum->low < low);
}

/* Add the product of a number of 120 bits and one of 60. */
static inline void fl_add_product(fl_wide *sum, fl_uint128 number, uint64_t factor) {
    fl_uint128 low = (fl_uint128)(uint64_t)number * factor;
    fl_uint128 high = (number >> 64) * factor + (low >> 64);
    fl_add_wide(sum, high << 64 | (uint64_t)low, high >> 64);
}

static inline void fl_add_moments(fl_moments *sums, uint64_t w, uint64_t v) {
    fl_uint128 wv = (fl_uint128)w * v;
    uint64_t low = (uint64_t)wv, high = (uint64_t)(wv >> 64);
    fl_uint128 lowest = (fl_uint128)low * low, middle = ((fl_uint128)low * high << 1) + (lowest >> 64);
    fl_uint128 highest = (fl_uint128)high * high + (middle >> 64); /* below 2^112 */
    sums->w += w;
    fl_add(&sums->ww, &sums->ww_top, (fl_uint128)w * w);
    fl_add(&sums->wv, &sums->wv_top, wv);
    fl_add_product(&sums->wvv, wv, v);
    fl_add_product(&sums->wwv, wv, w);
    lowest = middle << 64 | (uint64_t)lowest;
    sums->wwvv.low += lowest;
    fl_add(&sums->wwvv.high, &sums->wwvv_top, highest + (sums->wwvv.low < lowest));
}

/* The same sums of up to FL_MOST_SHORT weights below 2^24, which need fewer bits and additions. */
enum { FL_MOST_SHORT = (1 << 16) - 1 };

typedef struct {
    uint64_t w, ww;
    fl_uint128 wv, wwv;
    fl_uint128 wvv, wwvv;
    uint64_t wvv_top, wwvv_top;
} fl_short_moments;

static inline void fl_add_short_moments(fl_short_moments *sums, uint64_t w, uint64_t v) {
    uint64_t ww = w * w;
    fl_uint128 vv = (fl_uint128)v * v;
    fl_wide wvv = {0}, wwvv = {0};
    sums->w += w;
    sums->ww += ww;
    sums->wv += (fl_uint128)w * v;
    sums->wwv += (fl_uint128)ww * v;
    fl_add_product(&wvv, vv, w);
    fl_add_product(&wwvv, vv, ww);
    sums->wvv_top += (uint64_t)wvv.high;
    fl_add(&sums->wvv, &sums->wvv_top, wvv.low);
    sums->wwvv_top += (uint64_t)wwvv.high;
    fl_add(&sums->wwvv, &sums->wwvv_top, wwvv.low);
}

/* The same sums of up to FL_MOST_TINY weights and values, both below 2^24. */
enum { FL_MOST_TINY = (1 << 16) - 1 };

typedef struct {
    uint64_t w, ww, wv;
    fl_uint128 wvv, wwv, wwvv;
} fl_tiny_moments;

static inline void fl_add_tiny_moments(fl_tiny_moments *sums, uint64_t w, uint64_t v) {
    uint64_t wv = w * v;
    sums->w += w;
    sums->ww += w * w;
    sums->wv += wv;
    sums->wvv += (fl_uint128)wv * v;
    sums->wwv += (fl_uint128)wv * w;
    sums->wwvv += (fl_uint128)wv * wv;
}

/* A number of 192 bits, times 2^shift for a shift from 1 to 127. */
static inline fl_wide fl_shifted(fl_uint128 low, uint64_t top, int shift) {
    return (fl_wide){low << shift, (fl_uint128)top << shift | low >> (128 - shift)};
}

static inline void fl_merge_moments(fl_moments *sums, const fl_moments *other) {
    uint64_t carry = 0;
    sums->w += other->w;
    fl_add(&sums->ww, &sums->ww_top, other->ww);
    fl_add(&sums->wv, &sums->wv_top, other->wv);
    fl_add_wide(&sums->wvv, other->wvv.low, other->wvv.high);
    fl_add_wide(&sums->wwv, other->wwv.low, other->wwv.high);
    fl_add(&sums->wwvv.low, &carry, other->wwvv.low);
    fl_add(&sums->wwvv.high, &sums->wwvv_top, carry);
    fl_add(&sums->wwvv.high, &sums->wwvv_top, other->wwvv.high);
    sums->ww_top += other->ww_top;
    sums->wv_top += other->wv_top;
    sums->wwvv_top += other->wwvv_top;
}

/* Add those of weights that were divided by 2^shift, of 1 to 36. */
static inline void fl_merge_short_moments(fl_moments *sums, const fl_short_moments *other, int shift) {
    fl_wide ww = fl_shifted(other->ww, 0, 2 * shift), wv = fl_shifted(other->wv, 0, shift);
    fl_moments whole = {
        .w = (fl_uint128)other->w << shift,
        .ww = ww.low,
        .wv = wv.low,
        .wvv = fl_shifted(other->wvv, other->wvv_top, shift),
        .wwv = fl_shifted(other->wwv, 0, 2 * shift),
        .wwvv = fl_shifted(other->wwvv, other->wwvv_top, 2 * shift),
        .ww_top = (uint64_t)ww.high,
        .wv_top = (uint64_t)wv.high,
    };
    fl_merge_moments(sums, &whole);
}

static inline fl_wide fl_shifted_far(fl_uint128 number, int shift) {
    return shift < 128 ? fl_shifted(number, 0, shift) : (fl_wide){0, number << (shift - 128)};
}

/* Add those of weights and of values that were divided by 2^of_weights and 2^of_values, of 1 to 36. */
static inline void fl_merge_tiny_moments(fl_moments *sums, const fl_tiny_moments *other, int of_weights,
                                         int of_values) {
    fl_wide wv = fl_shifted(other->wv, 0, of_weights + of_values);
    fl_wide ww = fl_shifted(other->ww, 0, 2 * of_weights);
    fl_wide wwvv = fl_shifted_far(other->wwvv, 2 * (of_weights + of_values));
    fl_moments whole = {
        .w = (fl_uint128)other->w << of_weights,
        .ww = ww.low,
        .wv = wv.low,
        .wvv = fl_shifted(other->wvv, 0, of_weights + 2 * of_values),
        .wwv = fl_shifted(other->wwv, 0, 2 * of_weights + of_values),
        .wwvv = wwvv,
        .ww_top = (uint64_t)ww.high,
        .wv_top = (uint64_t)wv.high,
    };
    fl_merge_moments(sums, &whole);
}
#endif
