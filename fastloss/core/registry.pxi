# Part of kernels.pyx: what the tables of csrc/ say of the losses, and what other compiled programs are given.

def trait_names(int traits):
    """The names of a mask of traits."""
    return frozenset(name for bit, name in TRAITS.items() if traits & bit)


cdef dict parameter_domains(const char *const *parameters):
    """{name: domain} of "alpha any", "scale > 0", NULL."""
    cdef int k = 0
    domains = {}
    while parameters[k] != NULL:
        name, domain = parameters[k].decode().split(" ", 1)
        domains[name] = domain
        k += 1
    return domains


def registry():
    """{name: (kernel, family, takes a target, traits, parameter domains, has derivatives by parameter)}, from
    csrc/losses.def."""
    table = {}
    for i in range(fl_losses_count):
        table[fl_losses[i].name.decode()] = (
            fl_losses[i].kernel,
            fl_families[fl_losses[i].family].name.decode(),
            bool(fl_families[fl_losses[i].family].has_target),
            trait_names(fl_losses[i].traits),
            parameter_domains(fl_losses[i].parameters),
            bool(fl_has_param_grad(fl_losses[i].kernel)),
        )
    return table


def row_registry():
    """{name: (kernel, targets, traits, parameter domains)} of the row losses, from csrc/rows.def; `targets` is one of
    the texts of TARGETS."""
    table = {}
    for i in range(fl_row_losses_count):
        table[fl_row_losses[i].name.decode()] = (
            fl_row_losses[i].kernel,
            TARGETS[fl_row_losses[i].targets],
            trait_names(fl_row_losses[i].traits),
            parameter_domains(fl_row_losses[i].parameters),
        )
    return table


def distance_registry():
    """{name: (kernel, arrays, what its target may be, traits, parameter domains)} of the losses of embeddings that are
    beside each other, from csrc/distances.def."""
    table = {}
    for i in range(FL_DISTANCE_LOSSES):
        table[fl_distance_losses[i].name.decode()] = (
            i,
            tuple(fl_distance_losses[i].arrays.decode().split()),
            DISTANCE_TARGETS[fl_distance_losses[i].target],
            trait_names(fl_distance_losses[i].traits),
            parameter_domains(fl_distance_losses[i].parameters),
        )
    return table


# ---- other compiled programs --------------------------------------------------------------------------------------

C_API = PyCapsule_New(<void *>&fl_api, FASTLOSS_CAPSULE, NULL)  # of fastloss/include/fastloss.h


def scalar_function(name):
    """The address of the C function of an elementwise loss that takes and returns numbers; 0 if there is none."""
    for i in range(fl_losses_count):
        if fl_losses[i].name.decode() == name:
            return <size_t>fl_scalar_function(i)
    return 0


def function_at(name, parameters):
    """The address of fastloss_api.at and the bytes of the loss that it takes; None if C does not have it."""
    cdef double numbers[FASTLOSS_PARAMETERS]
    cdef fastloss_loss loss
    cdef int k = 0
    for k, value in enumerate(parameters):
        numbers[k] = value
    if fl_api.find(FASTLOSS_VERSION, &loss, name.encode(), FASTLOSS_FLOAT64, numbers, len(parameters), NULL):
        return None
    return <size_t>fl_api.at, (<const char *>&loss)[:sizeof(loss)]
