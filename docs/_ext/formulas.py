"""The formulas of the losses in TeX, as their docstrings have them in plain text."""

_Z = r"\qquad z = \left(\frac{r}{\text{scale}}\right)^2"
_LABEL = r"\log \sum_k e^{z_k} - z_y, \qquad "

FORMULAS = {
    # of a residual
    "squared_error": r"r^2",
    "half_squared_error": r"\frac{r^2}{2}",
    "absolute_error": r"|r|",
    "huber": r"""\begin{cases}
        \frac{r^2}{2} & |r| \le \delta \\ \delta \left(|r| - \frac{\delta}{2}\right) & \text{else}
        \end{cases} \qquad \delta = \text{delta}""",
    "smooth_l1": r"""\begin{cases}
        \frac{r^2}{2 \beta} & |r| < \beta \\ |r| - \frac{\beta}{2} & \text{else}
        \end{cases} \qquad \beta = \text{beta}""",
    "pseudo_huber": r"""\delta^2 \left(\sqrt{1 + z} - 1\right), \qquad
        z = \left(\frac{r}{\delta}\right)^2, \quad \delta = \text{delta}""",
    "log_cosh": r"\log \cosh r",
    "quantile": r"\begin{cases} (1 - q)\, r & r > 0 \\ -q\, r & \text{else} \end{cases}",
    "expectile": r"""\begin{cases} (1 - \tau)\, r^2 & r > 0 \\ \tau\, r^2 & \text{else} \end{cases}
        \qquad \tau = \text{tau}""",
    "epsilon_insensitive": r"\max(0, |r| - \varepsilon), \qquad \varepsilon = \text{epsilon}",
    "squared_epsilon_insensitive": r"\max(0, |r| - \varepsilon)^2, \qquad \varepsilon = \text{epsilon}",
    "cauchy": rf"\frac{{\text{{scale}}^2}}{{2}} \log(1 + z), {_Z}",
    "geman_mcclure": rf"\frac{{\text{{scale}}^2}}{{2}} \, \frac{{z}}{{1 + z}}, {_Z}",
    "welsch": rf"\frac{{\text{{scale}}^2}}{{2}} \left(1 - e^{{-z}}\right), {_Z}",
    "tukey": rf"\frac{{\text{{scale}}^2}}{{6}} \left(1 - \max(0, 1 - z)^3\right), {_Z}",
    "fair": r"\text{scale}^2 \left(a - \log(1 + a)\right), \qquad a = \frac{|r|}{\text{scale}}",
    "arctan": rf"\frac{{\text{{scale}}^2}}{{2}} \arctan z, {_Z}",
    "truncated_squared": r"\frac{1}{2} \min\left(r^2, \text{scale}^2\right)",
    "dcs": r"""\begin{cases} \frac{r^2}{2} & r^2 \le s \\[2pt]
        \frac{s \, (3 r^2 - s)}{2 (s + r^2)} & \text{else} \end{cases} \qquad s = \text{scale}""",
    "andrews": r"""\begin{cases}
        s^2 \left(1 - \cos\frac{r}{s}\right) & |r| \le \pi s \\ 2 s^2 & \text{else}
        \end{cases} \qquad s = \text{scale}""",
    "hampel": r"""\begin{cases} \frac{r^2}{2} & |r| \le a \\[2pt] a |r| - \frac{a^2}{2} & |r| \le b \\[2pt]
        \frac{a (b + c - a)}{2} - \frac{a (c - |r|)^2}{2 (c - b)} & |r| \le c \\[2pt]
        \frac{a (b + c - a)}{2} & \text{else} \end{cases}""",
    "ramsay": r"\frac{1 - e^{-t} (1 + t)}{a^2}, \qquad t = a |r|",
    "tolerant": r"\frac{b}{2} \left(\log\left(1 + e^{(r^2 - a) / b}\right) - \log\left(1 + e^{-a / b}\right)\right)",
    "student_t_nll": r"""\begin{aligned}
        & \frac{\nu + 1}{2} \log\left(1 + \frac{z}{\nu}\right) + \log \text{scale} + \frac{\log(\nu \pi)}{2} \\
        & \quad + \log\Gamma\left(\frac{\nu}{2}\right) - \log\Gamma\left(\frac{\nu + 1}{2}\right), \\
        & z = \left(\frac{r}{\text{scale}}\right)^2, \quad \nu = \text{df}
        \end{aligned}""",
    "gaussian_nll": r"\frac{1}{2} \left(\log \text{var} + \frac{r^2}{\text{var}}\right)",
    "robust": r"""\begin{aligned}
        & \frac{b}{\alpha} \left(\left(\frac{z}{b} + 1\right)^{\alpha / 2} - 1\right), \\
        & b = |\alpha - 2|, \quad z = \left(\frac{r}{\text{scale}}\right)^2, \quad \alpha = \text{alpha}
        \end{aligned}""",
    "robust_nll": r"\operatorname{robust}(r, \alpha, \text{scale}) + \log \text{scale} + \log Z(\alpha)",
    # of a prediction and a target
    "absolute_percentage_error": r"\frac{|p - y|}{\max\left(|y|, 2^{-52}\right)}",
    "symmetric_absolute_percentage_error": r"\frac{2\, |p - y|}{|p| + |y|}",
    "squared_log_error": r"\left(\log(1 + p) - \log(1 + y)\right)^2",
    # of a margin
    "zero_one": r"\begin{cases} 1 & m \le 0 \\ 0 & \text{else} \end{cases} \qquad m = y p",
    "perceptron": r"\max(0, -m), \qquad m = y p",
    "hinge": r"\max(0, \text{margin} - m), \qquad m = y p",
    "squared_hinge": r"\max(0, \text{margin} - m)^2, \qquad m = y p",
    "hinge_embedding": r"\begin{cases} p & y = 1 \\ \max(0, \text{margin} - p) & y = -1 \end{cases}",
    "modified_huber": r"""\begin{cases} \max(0, 1 - m)^2 & m \ge -1 \\ -4 m & \text{else} \end{cases}
        \qquad m = y p""",
    "exponential": r"e^{-m}, \qquad m = y p",
    "logistic": r"\log\left(1 + e^{-m}\right), \qquad m = y p",
    # of a probability or its logit
    "binary_cross_entropy": r"-\left(y \log p + (1 - y) \log(1 - p)\right)",
    "binary_cross_entropy_with_logits": r"""(1 - y) \log\left(1 + e^{x}\right)
        + \text{pos_weight} \; y \log\left(1 + e^{-x}\right)""",
    "sigmoid_focal": r"""\begin{aligned}
        & \left(\alpha y + (1 - \alpha)(1 - y)\right) q^\gamma h, \\
        & s = \frac{1}{1 + e^{-x}}, \quad q = y (1 - s) + (1 - y) s, \\
        & h = -y \log s - (1 - y) \log(1 - s)
        \end{aligned}""",
    "kl_div": r"y \left(\log y - p\right)",
    "relative_entropy": r"y \log\frac{y}{p}",
    "entropy": r"-p \log p",
    # of counts and amounts
    "poisson": r"e^p - y p",
    "gamma": r"p + y e^{-p}",
    "tweedie": r"""\frac{e^{p (2 - \rho)}}{2 - \rho} - y \, \frac{e^{p (1 - \rho)}}{1 - \rho},
        \qquad \rho = \text{power}""",
    "poisson_deviance": r"2 \left(y \log\frac{y}{p} - y + p\right)",
    "gamma_deviance": r"2 \left(\log\frac{p}{y} + \frac{y}{p} - 1\right)",
    "tweedie_deviance": r"""\begin{aligned}
        & 2 \left(\frac{y^a}{a b} - \frac{y \, p^b}{b} + \frac{p^a}{a}\right), \\
        & a = 2 - \text{power}, \quad b = 1 - \text{power}
        \end{aligned}""",
    # of a row of logits
    "cross_entropy": r"""\begin{aligned}
        & -\sum_k a_k \log p_k, \quad p = \operatorname{softmax}\left(\frac{x}{\text{temperature}}\right), \\
        & a_k = w_k \left((1 - s)\, t_k + \frac{s}{C}\right)
        \end{aligned}""",
    "poly1_cross_entropy": r"""\begin{aligned}
        & \operatorname{cross\_entropy}(x, y) + \text{epsilon} \; w_y \sum_k q_k (1 - p_k), \\
        & p = \operatorname{softmax}(x), \quad q_k = (1 - s)\, t_k + \frac{s}{C}
        \end{aligned}""",
    "nll": r"-w_y \, x_y",
    "softmax_focal": r"w_y \, (1 - p_y)^\gamma \, (-\log p_y), \qquad p = \operatorname{softmax}(x)",
    "multi_margin": r"\frac{w_y}{C} \sum_{k \ne y} \max(0, \text{margin} - x_y + x_k)^{\text{p}}",
    "distillation": r"""\begin{aligned}
        & T^2 \sum_k q_k \log\frac{q_k}{p_k}, \\
        & p = \operatorname{softmax}\left(\frac{x}{T}\right), \quad q = \operatorname{softmax}\left(\frac{t}{T}\right)
        \end{aligned}""",
    "kl_logits": r"""\begin{aligned}
        & \sum_k q_k \log\frac{q_k}{p_k}, \\
        & p = \operatorname{softmax}\left(\frac{x}{T}\right), \quad q = \operatorname{softmax}\left(\frac{t}{T}\right)
        \end{aligned}""",
    "disagreement": r"""\begin{cases}
        1 & \operatorname{arg\,max}_k x_k \ne \operatorname{arg\,max}_k t_k \\ 0 & \text{else}
        \end{cases}""",
    "top_k_error": r"""\begin{cases}
        w_y & \left|\{j \ne y : x_j \ge x_y\}\right| \ge k \\ 0 & \text{else}
        \end{cases}""",
    # of embeddings
    "info_nce": rf"{_LABEL} z_k = \frac{{\operatorname{{sim}}(q_i, k_k)}}{{\text{{temperature}}}}, \quad y = i",
    "nt_xent": r"""\begin{aligned}
        & \log \sum_{k \ne i} e^{z_k} - z_j, \\
        & z_k = \frac{\operatorname{sim}(x_i, x_k)}{\text{temperature}}, \quad x = [a; b], \quad
        j \text{ the other view of } i
        \end{aligned}""",
    "sup_con": r"""\begin{aligned}
        & \log \sum_{k \ne i} e^{z_k} - \frac{1}{|P|} \sum_{j \in P} z_j, \\
        & z_k = \frac{\operatorname{sim}(x_i, x_k)}{\text{temperature}}, \quad
        P = \{j \ne i : y_j = y_i\}
        \end{aligned}""",
    "triplet": r"""\begin{aligned}
        & \max\left(0,\, d(a, b) - d(a, n) + \text{margin}\right), \\
        & d(u, v) = \Big(\sum_k |u_k - v_k|^p\Big)^{1 / p}
        \end{aligned}""",
    "contrastive": r"\frac{y \, d^2}{2} + \frac{(1 - y) \max(0, \text{margin} - d)^2}{2}, \qquad d = |a - b|",
    "cosine_embedding": r"""\begin{cases}
        1 - \cos(a, b) & y = 1 \\ \max(0, \cos(a, b) - \text{margin}) & y = -1
        \end{cases}""",
    "center": r"\frac{|x - c_y|^2}{2}",
    "feature_distance": r"\sum_l w_l \, \frac{|a_l - b_l|^2}{(C H W)_l}",
    "linear_cross_entropy": rf"{_LABEL} z_k = \frac{{x \cdot w_k + \text{{bias}}_k}}{{\text{{temperature}}}}",
    "l2_softmax": rf"{_LABEL} z_k = \text{{scale}} \, \frac{{x \cdot w_k}}{{|x|}} + \text{{bias}}_k",
    "normalized_softmax": rf"{_LABEL} z_k = \text{{scale}} \, \frac{{x \cdot w_k}}{{|x| \, |w_k|}}",
    "l_softmax": r"""\begin{aligned}
        & \log \sum_k e^{z_k} - z_y, \qquad z_k = x \cdot w_k \quad (k \ne y), \\
        & z_y = |x| \, |w_y| \, \frac{\psi(\theta) + \text{annealing} \cos\theta}{1 + \text{annealing}}, \\
        & \psi(\theta) = (-1)^j \cos(\text{margin} \; \theta) - 2 j
        \end{aligned}""",
    "sphereface": r"""\begin{aligned}
        & \log \sum_k e^{z_k} - z_y, \qquad z_k = |x| \cos\theta_k \quad (k \ne y), \\
        & z_y = |x| \, \frac{\psi(\theta_y) + \text{annealing} \cos\theta_y}{1 + \text{annealing}}
        \end{aligned}""",
    "cosface": r"""\begin{aligned}
        & \log \sum_k e^{z_k} - z_y, \qquad z_k = \text{scale} \cos\theta_k \quad (k \ne y), \\
        & z_y = \text{scale} \left(\cos\theta_y - \text{margin}\right)
        \end{aligned}""",
    "arcface": r"""\begin{aligned}
        & \log \sum_k e^{z_k} - z_y, \qquad z_k = \text{scale} \cos\theta_k \quad (k \ne y), \\
        & z_y = \text{scale} \left(\cos(\theta_y + \text{margin}) - \text{cosine_margin}\right)
        \end{aligned}""",
}
