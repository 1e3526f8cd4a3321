/* Sums in float64, with the same bits on every machine: in lanes (api.h), then the lanes are added as a binary tree. */

typedef struct {
    dvec part[FL_SUM_LANES / DOUBLES];
} lane_sums;

/* Part by part: a copy of the whole would keep the sums out of the registers */
INLINE lane_sums no_sums(void) {
    lane_sums s;
    UNROLL for (int k = 0; k < FL_SUM_LANES / DOUBLES; k++) s.part[k] = (dvec){0};
    return s;
}

INLINE void store_sums(double *to, const lane_sums *s) {
    UNROLL for (int k = 0; k < FL_SUM_LANES / DOUBLES; k++) memcpy(to + k * DOUBLES, &s->part[k], sizeof(dvec));
}

/* Add n elements, whole vectors, to the lanes in turn, from lane `first` on */
INLINE void add_to_lanes(lane_sums *to, size_t first, const stored *x, size_t n) {
    UNROLL for (size_t i = 0; i < n; i += DOUBLES) to->part[(first + i) % FL_SUM_LANES / DOUBLES] +=
        v_load_doubles(x + i);
}

static void add_all_to_lanes(double *to, const stored *x, size_t n) {
    stored rest[FL_SUM_LANES] = {0};
    lane_sums lanes;
    size_t whole = n - n % FL_SUM_LANES;
    memcpy(rest, x + whole, (n - whole) * sizeof(stored));
    memcpy(&lanes, to, sizeof lanes);
    for (size_t i = 0; i < whole; i += FL_SUM_LANES) add_to_lanes(&lanes, 0, x + i, FL_SUM_LANES);
    if (n > whole) add_to_lanes(&lanes, 0, rest, FL_SUM_LANES);
    memcpy(to, &lanes, sizeof lanes);
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
