/* Sums in float64, with the same bits on every machine: in lanes (api.h), then the lanes are added as a binary tree. */

/* Add the elements in turn to so many lanes from `to` on; n is a multiple of them. */
INLINE void add_to_lanes(double *to, const stored *x, size_t n, int lanes) {
    enum { WIDTH = FL_BYTES / sizeof(double) };
    UNROLL for (int k = 0; k < lanes / WIDTH; k++) {
        dvec total;
        memcpy(&total, to + k * WIDTH, sizeof total);
        for (size_t i = 0; i < n; i += lanes) total += v_load_doubles(x + i + k * WIDTH);
        memcpy(to + k * WIDTH, &total, sizeof total);
    }
}

static void add_all_to_lanes(double *to, const stored *x, size_t n) {
    stored rest[FL_SUM_LANES] = {0};
    size_t whole = n - n % FL_SUM_LANES;
    memcpy(rest, x + whole, (n - whole) * sizeof(stored));
    add_to_lanes(to, x, whole, FL_SUM_LANES);
    add_to_lanes(to, rest, n > whole ? FL_SUM_LANES : 0, FL_SUM_LANES);
}

static double total_of_lanes(double *lane) {
    for (int width = FL_SUM_LANES / 2; width; width /= 2)
        for (int l = 0; l < width; l++) lane[l] += lane[l + width];
    return lane[0];
}

static double sum(const void *values, size_t n) {
    double lanes[FL_SUM_LANES] = {0};
    add_all_to_lanes(lanes, values, n);
    return total_of_lanes(lanes);
}
