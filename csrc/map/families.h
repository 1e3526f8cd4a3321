/* The arguments of a family's bodies, and for which of them its losses are defined. */

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

/* Where a family is defined. Elsewhere, as for a NaN or a target that the family does not take, the outputs are NaN. */
#define DEFINED_RESIDUAL v_is_number(x)
#define DEFINED_PAIR(targets) m_and(v_is_number(pred), targets)
#define DEFINED_RELATIVE DEFINED_PAIR(v_is_number(target))
#define DEFINED_MARGIN DEFINED_PAIR(v_eq(v_abs(target), v_set(1)))
#define DEFINED_PROBABILITY DEFINED_PAIR(m_and(v_le(v_set(0), target), v_le(target, v_set(1))))
#define DEFINED_PROBABILITY_ALONE DEFINED_RESIDUAL
#define DEFINED_DIVERGENCE DEFINED_RELATIVE
#define DEFINED_COUNT DEFINED_PAIR(v_le(v_set(0), target))
#define DEFINED_AMOUNT DEFINED_PAIR(v_lt(v_set(0), target))
/* a count for powers below 2, an amount from there on */
#define DEFINED_TWEEDIE DEFINED_PAIR(m_or(v_lt(v_set(0), target), m_and(v_eq(target, v_set(0)), v_lt(p[0], v_set(2)))))
/* the same of a mean, which is positive; of a normal distribution it is any number */
#define IS_MEAN v_lt(v_set(0), pred)
#define DEFINED_COUNT_MEAN m_and(IS_MEAN, DEFINED_COUNT)
#define DEFINED_AMOUNT_MEAN m_and(IS_MEAN, DEFINED_AMOUNT)
#define DEFINED_TWEEDIE_MEAN m_and(m_or(IS_MEAN, v_eq(p[0], v_set(0))), DEFINED_TWEEDIE)
