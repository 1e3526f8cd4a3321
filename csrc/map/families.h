/* The arguments of a family's bodies, and for which of them its losses are not defined. */

INLINE const stored *target_at(const fl_map_args *a, size_t at) {
    return (const stored *)a->target + (at & a->target_mask);
}

/* A body takes a residual, pred - target, or both numbers. */
#define ARGUMENTS_RESIDUAL(a, at) vec x = v_load_difference((const stored *)(a)->pred + (at), target_at(a, at))
#define CALL_RESIDUAL(body) body(x, p)
#define ARGUMENTS_PAIR(a, at) vec pred = v_load((const stored *)(a)->pred + (at)), target = v_load(target_at(a, at))
#define CALL_PAIR(body) body(pred, target, p)
#define FORM_RESIDUAL RESIDUAL
#define FORM_RELATIVE PAIR
#define FORM_MARGIN PAIR
#define FORM_PROBABILITY PAIR
#define FORM_PROBABILITY_ALONE RESIDUAL /* without a target the residual is pred - 0 */
#define FORM_DIVERGENCE PAIR
#define FORM_COUNT PAIR
#define FORM_AMOUNT PAIR
#define FORM_TWEEDIE PAIR
#define FORM_COUNT_MEAN PAIR
#define FORM_AMOUNT_MEAN PAIR
#define FORM_TWEEDIE_MEAN PAIR

/* Where a family is not defined, as for a NaN or a target that it does not take: the outputs are NaN there. Of a pair,
 * OUTSIDE is what the loops ask of a variant, too, which sees to a NaN of pred itself. */
#define UNDEFINED_RESIDUAL v_is_nan(x)
#define UNDEFINED_PAIR(outside) m_or(v_is_nan(pred), outside)
#define OUTSIDE_RELATIVE v_is_nan(target)
#define OUTSIDE_MARGIN v_ne(v_abs(target), v_set(1))
#define OUTSIDE_PROBABILITY m_or(v_not_le(v_set(0), target), v_not_le(target, v_set(1)))
#define OUTSIDE_COUNT v_not_le(v_set(0), target)
#define OUTSIDE_AMOUNT v_not_lt(v_set(0), target)
/* a count for powers below 2, an amount from there on */
#define OUTSIDE_TWEEDIE m_and(v_not_lt(v_set(0), target), m_or(v_ne(target, v_set(0)), v_le(v_set(2), p[0])))
/* the same of a mean, which is positive; of a normal distribution it is any number */
#define NO_MEAN v_not_lt(v_set(0), pred)
#define OUTSIDE_COUNT_MEAN m_or(NO_MEAN, OUTSIDE_COUNT)
#define OUTSIDE_AMOUNT_MEAN m_or(NO_MEAN, OUTSIDE_AMOUNT)
#define OUTSIDE_TWEEDIE_MEAN m_or(m_or(v_is_nan(pred), m_and(NO_MEAN, v_ne(p[0], v_set(0)))), OUTSIDE_TWEEDIE)
#define UNDEFINED_RELATIVE UNDEFINED_PAIR(OUTSIDE_RELATIVE)
#define UNDEFINED_MARGIN UNDEFINED_PAIR(OUTSIDE_MARGIN)
#define UNDEFINED_PROBABILITY UNDEFINED_PAIR(OUTSIDE_PROBABILITY)
#define UNDEFINED_PROBABILITY_ALONE UNDEFINED_RESIDUAL
#define UNDEFINED_DIVERGENCE UNDEFINED_RELATIVE
#define UNDEFINED_COUNT UNDEFINED_PAIR(OUTSIDE_COUNT)
#define UNDEFINED_AMOUNT UNDEFINED_PAIR(OUTSIDE_AMOUNT)
#define UNDEFINED_TWEEDIE UNDEFINED_PAIR(OUTSIDE_TWEEDIE)
#define UNDEFINED_COUNT_MEAN OUTSIDE_COUNT_MEAN
#define UNDEFINED_AMOUNT_MEAN OUTSIDE_AMOUNT_MEAN
#define UNDEFINED_TWEEDIE_MEAN OUTSIDE_TWEEDIE_MEAN
