"""Pictures of the README, with twins for dark pages; that of the speed: each peer's time as a multiple of ours."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from fastloss.plot.style import palette

__all__ = ["SHOWN", "draw", "write"]

# case of the report -> what a reader of the README calls it
SHOWN = {
    "robust float32 alpha=0.5 value": "robust loss\n$\\alpha$ = 0.5",
    "robust float32 alpha=0.5 value_and_grad": "robust loss\nvalue and gradient",
    "cross_entropy float32 400000x10 value": "cross-entropy\n10 classes",
    "cross_entropy float32 400000x10 value_and_grad": "10 classes\nvalue and gradient",
    "cross_entropy float32 8192x1000 value": "cross-entropy\n1000 classes",
    "cross_entropy float32 64x128000 value": "cross-entropy\n128 000 classes",
}
COLOURS = {
    "numpy": "#8d99ae",
    "scipy": "#b8c0cc",
    "scikit-learn": "#e0a458",
    "numba": "#7fb7be",
    "numexpr": "#c9a7c7",
    "torch": "#d1603d",
    "torch.compile": "#a34a26",
    "jax": "#4a7c59",
}


def write(draw, path):
    """The figure that draw() returns as PATH, and for dark pages as PATH with -dark at the end of its name."""
    for style, twin in (("default", path), ("dark_background", path.with_stem(f"{path.stem}-dark"))):
        with plt.style.context(style):
            draw().savefig(twin, transparent=twin != path)


def draw(report):
    """Grouped bars of (peer time / fastloss time) of the cases of SHOWN."""
    results = {result["case"]: result["ns_per_element"] for result in report["results"]}
    shown = {case: results[case] for case in SHOWN if "fastloss" in results.get(case, ())}
    if not shown:
        raise ValueError("no case of the picture was measured with fastloss")
    figure, axes = plt.subplots(figsize=(11, 4.6), dpi=160)
    bars = max(len(COLOURS.keys() & times.keys()) for times in shown.values())
    for place, times in enumerate(shown.values()):
        _group(axes, place, times, 0.86 / bars)
    _furnish(figure, axes, [SHOWN[case] for case in shown], report["machine"])
    return figure


def _group(axes, place, times, width):
    """The bars of one case, best peer first; one is as wide as its label."""
    speedups = {name: times[name] / times["fastloss"] for name in COLOURS if name in times}
    ordered = sorted(speedups.items(), key=lambda item: item[1])
    left = place - width * (len(ordered) - 1) / 2
    for step, (name, speedup) in enumerate(ordered):
        middle = left + step * width
        axes.bar(middle, speedup, width * 0.9, color=COLOURS[name], zorder=3)
        label = f"{speedup:.1f}" if speedup < 9.95 else f"{speedup:.0f}"
        axes.annotate(
            label, (middle, speedup), (0, 2), textcoords="offset points",
            ha="center", va="bottom", fontsize=7, zorder=4,
        )  # fmt: skip


def _furnish(figure, axes, labels, machine):
    axes.set_yscale("log", base=2)
    axes.set_yticks([1, 2, 4, 8, 16, 32], ["1x", "2x", "4x", "8x", "16x", "32x"])
    axes.minorticks_off()
    colours = palette(axes)
    axes.axhline(1, color=colours.ink, linewidth=1.2, zorder=5)
    axes.annotate(
        "fastloss", (1, 1), (4, 0), xycoords=("axes fraction", "data"),
        textcoords="offset points", va="center", fontsize=9, fontweight="bold",
    )  # fmt: skip
    axes.set_xticks(range(len(labels)), labels, fontsize=9)
    axes.set_xlim(-0.55, len(labels) - 0.45)
    axes.tick_params(length=0)
    axes.grid(axis="y", color=colours.grid, zorder=0)
    axes.spines[:].set_visible(False)
    handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in COLOURS.values()]
    figure.legend(
        handles, COLOURS, ncols=len(COLOURS), loc="upper left", bbox_to_anchor=(0.045, 0.91),
        frameon=False, fontsize=8.5, handlelength=1, handleheight=1,
        columnspacing=1.4,
    )  # fmt: skip
    title = "Time taken, as a multiple of that of fastloss (float32, one thread)"
    figure.text(0.05, 0.93, title, fontsize=13, fontweight="bold")
    figure.text(0.05, 0.015, machine, fontsize=7.5)
    figure.subplots_adjust(left=0.05, right=0.93, top=0.83, bottom=0.16)
