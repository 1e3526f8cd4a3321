# cython: language_level=3
"""A module of Cython that calls a loss without the lock."""

from fastloss cimport (
    FASTLOSS_FLOAT64, FASTLOSS_GRAD, FASTLOSS_MESSAGE, FASTLOSS_OUTPUTS, FASTLOSS_PARAMETERS, FASTLOSS_VALUE,
    FASTLOSS_VERSION, fastloss_api, fastloss_import, fastloss_loss,
)

cdef const fastloss_api *api = fastloss_import()


def value_and_grad(str name, double[::1] pred, double[::1] target, double[::1] value, double[::1] grad, *given):
    """The value and the gradient of an elementwise loss with these parameters, into arrays of pred's size."""
    cdef double parameters[FASTLOSS_PARAMETERS]
    cdef char message[FASTLOSS_MESSAGE]
    cdef void *outputs[FASTLOSS_OUTPUTS]
    cdef fastloss_loss loss
    cdef int k, code
    if not pred.shape[0] == target.shape[0] == value.shape[0] == grad.shape[0] or len(given) > FASTLOSS_PARAMETERS:
        raise ValueError("arrays of one size, and few parameters, please")
    for k in range(len(given)):
        parameters[k] = given[k]
    code = api.find(FASTLOSS_VERSION, &loss, name.encode(), FASTLOSS_FLOAT64, parameters, len(given), message)
    if code == 0 and pred.shape[0]:
        for k in range(FASTLOSS_OUTPUTS):
            outputs[k] = NULL
        outputs[FASTLOSS_VALUE], outputs[FASTLOSS_GRAD] = &value[0], &grad[0]
        with nogil:
            code = api.elementwise(&loss, &pred[0], &target[0], NULL, pred.shape[0], outputs, message)
    if code:
        raise ValueError(f"{code}: {message.decode()}")
