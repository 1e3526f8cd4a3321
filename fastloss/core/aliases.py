"""Names of losses that people know from elsewhere."""


def plain(name):
    """A name without what people write differently: "CrossEntropyLoss", "cross-entropy" and "cross_entropy" are one."""
    return name.lower().replace("_", "").replace("-", "").replace(" ", "").removesuffix("loss")


# {name: that of the catalogue}; `get` compares them plain
ALIASES = {
    "l2": "squared_error",
    "mse": "squared_error",
    "mean_squared_error": "squared_error",
    "l1": "absolute_error",
    "lad": "absolute_error",
    "mae": "absolute_error",
    "mean_absolute_error": "absolute_error",
    "mape": "absolute_percentage_error",
    "mean_absolute_percentage_error": "absolute_percentage_error",
    "smape": "symmetric_absolute_percentage_error",
    "msle": "squared_log_error",
    "mean_squared_log_error": "squared_log_error",
    "barron": "robust",
    "general_robust": "robust",
    "bisquare": "tukey",
    "biweight": "tukey",
    "tukey_biweight": "tukey",
    "tukey_bisquare": "tukey",
    "charbonnier": "pseudo_huber",
    "soft_l1": "pseudo_huber",
    "leclerc": "welsch",
    "lorentzian": "cauchy",
    "pinball": "quantile",
    "bce": "binary_cross_entropy",
    "bce_with_logits": "binary_cross_entropy_with_logits",
    "ce": "cross_entropy",
    "softmax_cross_entropy": "cross_entropy",
    "categorical_cross_entropy": "cross_entropy",
    "sparse_categorical_cross_entropy": "cross_entropy",
    "sigmoid_cross_entropy": "binary_cross_entropy_with_logits",
    "negative_log_likelihood": "nll",
    "focal": "softmax_focal",
    "kl": "kl_div",
    "kld": "kl_div",
    "kl_divergence": "kl_div",
    "simclr": "nt_xent",
    "am_softmax": "cosface",
    "a_softmax": "sphereface",
    "student_t": "student_t_nll",
    "poisson_nll": "poisson",
    "triplet_margin": "triplet",
}
