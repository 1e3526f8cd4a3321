"""
InfoNCE in both treatments
==========================

Two views of each of N things, embedded: which view belongs to which? InfoNCE is the cross-entropy of that question.
Two treatments of it are in use. One asks each query for its key among the N keys (CPC, CLIP). The other puts both views
in one batch of 2N rows, and asks each row for its partner among all the others (NT-Xent, as SimCLR has it).
"""

import matplotlib.pyplot as plt
import numpy as np

import fastloss as fl

rng = np.random.default_rng(0)


def views(noise, pairs=64, width=64):
    """Unit vectors, and the same with noise."""
    a = rng.normal(size=(pairs, width))
    b = a + noise * rng.normal(size=a.shape)
    return (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))


# %%
# What the two treatments compare with each other: a row is a question, the bright cell its answer. Of the 2N rows a row
# itself is left out, as it would be its own best answer.

a, b = views(0.3, pairs=8)
figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 4))
both = np.vstack([a, b])
similar = both @ both.T
np.fill_diagonal(similar, np.nan)
for axes, cells, title in ((left, a @ b.T, "queries and keys"), (right, similar, "both views among each other")):
    shown = axes.imshow(cells, cmap="cividis", vmin=-1, vmax=1)
    axes.set_title(title)
    axes.set(xticks=[], yticks=[])
figure.colorbar(shown, ax=[left, right], label="cosine")
plt.show()

# %%
# For the same views the second asks more, among 2N - 2 wrong answers, not N - 1. Both begin near 0, where views have no
# noise, and grow with it. The symmetric form asks each key for its query, too; on average it costs the same.

noises, found = (np.linspace(0, 4, 17), {"info_nce": [], "symmetric": [], "nt_xent": [], "itself kept": []})
for noise in noises:
    a, b = views(noise)
    found["info_nce"].append(fl.info_nce(a, b, temperature=0.1, reduction="mean"))
    found["symmetric"].append(fl.info_nce(a, b, temperature=0.1, symmetric=True, reduction="mean"))
    found["nt_xent"].append(fl.nt_xent(a, b, temperature=0.1, reduction="mean"))
    found["itself kept"].append(fl.nt_xent(a, b, temperature=0.1, self_similarity=True, reduction="mean"))
figure, axes = plt.subplots(figsize=(7.4, 4))
for number, (name, means) in enumerate(found.items()):
    axes.plot(noises, means, label=name, linestyle=("-", "--", "-", "-")[number])
axes.set(title="Mean loss of 64 pairs, temperature 0.1", xlabel="noise", ylabel="loss", ylim=(0, None))
axes.legend()
plt.show()
print(f"aligned views, the row itself kept: {found['itself kept'][0]:.4f}; log 2 = {np.log(2):.4f}")

# %%
# Many tutorials keep the row itself among the answers (``self_similarity=True``): then even perfect views cannot come
# below log 2, and the gradient is spent on a question whose answer is known.
#
# Both are a cross-entropy of a matrix of logits that is never stored here. As one that is:

a, b = views(1.0)
print(fl.info_nce(a, b, temperature=0.2)[:3], fl.cross_entropy(a @ b.T / 0.2, np.arange(64))[:3])

# %%
# A. van den Oord, Y. Li, O. Vinyals, "Representation Learning with Contrastive Predictive Coding", 2018. A. Radford et
# al., "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021. T. Chen, S. Kornblith, M.
# Norouzi, G. Hinton, "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020.
