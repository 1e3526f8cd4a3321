/* The operations on a block after the loss (api.h): sum, weigh and shift, with the same bits on every machine. */

#define SUM_LANES 16

/* Lane l adds the elements l, l + 16, ...; then the lanes are added as a binary tree. */
static double sum(const void *values, size_t n) {
    enum { WIDTH = FL_BYTES / sizeof(double), PARTS = SUM_LANES / WIDTH };
    const stored *x = values;
    dvec total[PARTS] = {0};
    stored rest[SUM_LANES] = {0};
    size_t whole = n - n % SUM_LANES;
    memcpy(rest, x + whole, (n - whole) * sizeof(stored));
    for (size_t i = 0; i < n; i += SUM_LANES) {
        const stored *from = i < whole ? x + i : rest;
        for (int k = 0; k < (int)PARTS; k++) total[k] += v_load_doubles(from + k * WIDTH);
    }
    double lane[SUM_LANES];
    memcpy(lane, total, sizeof lane);
    for (int width = SUM_LANES / 2; width; width /= 2)
        for (int l = 0; l < width; l++) lane[l] += lane[l + width];
    return lane[0];
}

static void weigh(void *values, const void *weights, double factor, size_t n) {
    stored *x = values;
    const stored *w = weights;
    if (!w)
        for (size_t i = 0; i < n; i++) x[i] = (stored)(x[i] * factor);
    else
        for (size_t i = 0; i < n; i++) {
            double weighted = (double)x[i] * w[i] * factor;
            x[i] = w[i] == 0 ? 0 : (stored)weighted;
        }
}

static void shift(void *values, const void *terms, double term, size_t n) {
    stored *x = values;
    const stored *t = terms;
    if (!t)
        for (size_t i = 0; i < n; i++) x[i] = (stored)((double)x[i] + term);
    else
        for (size_t i = 0; i < n; i++) x[i] = (stored)((double)x[i] + (double)t[i]);
}
