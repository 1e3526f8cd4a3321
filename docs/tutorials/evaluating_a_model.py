"""
Evaluating a model from what it stored
======================================

A classifier left its logits in a file; a language model its hidden states. Both are scored without the model, without
a GPU, and, of hidden states, without the logits that would not fit.
"""

# %%
# A classifier
# ------------
#
# Handwritten digits, of which every other one is trained on.

from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import numpy as np
import pyarrow as pa
from pyarrow import parquet
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import fastloss as fl

folder = Path(mkdtemp())
images, digits = load_digits(return_X_y=True)
model = LogisticRegression(C=10.0, max_iter=200).fit(images[::2] / 16, digits[::2])
logits, labels = model.decision_function(images[1::2] / 16), digits[1::2]
columns = {"logits": pa.FixedSizeListArray.from_arrays(logits.ravel(), 10), "digit": labels}
parquet.write_table(pa.table(columns), folder / "logits.parquet")

# %%
# Cross-entropy by digit, from the file. Confident rows keep their digits, and the mean is exact.

summary = fl.score(folder / "logits.parquet", loss="cross_entropy", pred="logits", target="digit", by="digit")
print(f"mean {summary.mean:.4f} +- {summary.stderr:.4f}, 99% of the rows below {summary.quantile(0.99):.3f}")
worst = max(summary.groups, key=lambda digit: summary.groups[digit].mean)
print(f"hardest digit: {worst}, mean {summary.groups[worst].mean:.3f}")

# %%
# How many it gets wrong at the first, and at the first two guesses:

for k in (1, 2):
    print(f"top-{k} error: {fl.top_k_error(logits, labels, k=k, reduction='mean'):.2%}")

# %%
# Is it too sure of itself?
# -------------------------
#
# The temperature that would have made it most likely is above 1 where a model is too sure, and below where it is not
# sure enough.

found = fl.calibrate(logits, labels)
print(f"temperature {found.temperature:.3f} +- {found.stderr:.3f}: {found.before:.4f} becomes {found.after:.4f}")

confidence = fl.softmax(logits).max(axis=1)
right = logits.argmax(axis=1) == labels
edges = np.quantile(confidence, np.linspace(0, 1, 9))
bins = np.clip(np.searchsorted(edges, confidence, side="right") - 1, 0, 7)
figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
axes.plot([0.4, 1], [0.4, 1], "--", color="gray", label="as it should be")
axes.plot(
    *np.array([(confidence[bins == k].mean(), right[bins == k].mean()) for k in range(8)]).T, "o-", label="as it is"
)
axes.set(title="Right, by how sure", xlabel="confidence", ylabel="share that is right")
axes.legend()
plt.show()

# %%
# A language model
# ----------------
#
# Its last layer is a product of hidden states and the vectors of its vocabulary. ``linear_cross_entropy`` makes the
# logits tile by tile and drops them: of 500 tokens and a vocabulary of 20 000, 40 MB are never stored.

rng = np.random.default_rng(0)
vocabulary = rng.standard_normal((20_000, 32), np.float32)
tokens = rng.integers(0, 20_000, 500)
hidden = (0.5 * (vocabulary[tokens] + rng.standard_normal((500, 32)))).astype("float32")
states = pa.FixedSizeListArray.from_arrays(hidden.ravel(), 32)
parquet.write_table(pa.table({"state": states, "token": tokens}), folder / "states.parquet")
np.save(folder / "head.npy", vocabulary)

nats = fl.score(
    folder / "states.parquet", loss="linear_cross_entropy", pred="state", target="token", head=folder / "head.npy"
)
print(f"{nats.mean:.3f} nats a token, a perplexity of {np.exp(nats.mean):.0f}, or {nats.mean / np.log(2):.2f} bits")
