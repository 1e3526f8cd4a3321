/* Sums in float64, with the same bits on every machine: in lanes (api.h), then the lanes are added as a binary tree. */

typedef struct {
    dvec part[FL_SUM_LANES / DOUBLES];
} lane_sums;

INLINE void add_to_lanes(lane_sums *to, const stored *x) {
    UNROLL for (int k = 0; k < FL_SUM_LANES / DOUBLES; k++) to->part[k] += v_load_doubles(x + k * DOUBLES);
}

static double sum(const void *values, size_t n) {
    const stored *x = values;
    stored rest[FL_SUM_LANES] = {0};
    double lane[FL_SUM_LANES];
    lane_sums lanes;
    size_t whole = n - n % FL_SUM_LANES;
    UNROLL for (int k = 0; k < FL_SUM_LANES / DOUBLES; k++) lanes.part[k] = (dvec){0};
    for (size_t i = 0; i < whole; i += FL_SUM_LANES) add_to_lanes(&lanes, x + i);
    memcpy(rest, x + whole, (n - whole) * sizeof(stored));
    if (n > whole) add_to_lanes(&lanes, rest);
    memcpy(lane, &lanes, sizeof lane);
    for (int width = FL_SUM_LANES / 2; width; width /= 2)
        for (int l = 0; l < width; l++) lane[l] += lane[l + width];
    return lane[0];
}
