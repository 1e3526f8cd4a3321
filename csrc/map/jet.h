/* What a loss returns for a vector of elements. The loops are inlined, so that a field nobody stores costs nothing. */
typedef struct {
    vec value, grad, hess, weight, param_grad[FL_MAX_PARAMS];
    mask careful; /* lanes that a variant leaves to the body of its loss */
} jet;

/* The fields of a jet, as the loops number them */
INLINE vec *jet_field(jet *j, int k) {
    return k == 0 ? &j->value : k == 1 ? &j->grad : k == 2 ? &j->hess : k == 3 ? &j->weight : &j->param_grad[k - 4];
}

/* NaN in the elements of the mask */
INLINE jet jet_undefined(mask m, jet j) {
    const vec none = v_set(NOT_A_NUMBER);
    j.value = v_select(m, none, j.value);
    j.grad = v_select(m, none, j.grad);
    j.hess = v_select(m, none, j.hess);
    j.weight = v_select(m, none, j.weight);
    for (int k = 0; k < FL_MAX_PARAMS; k++) j.param_grad[k] = v_select(m, none, j.param_grad[k]);
    return j;
}
