"""Pictures of the README, with twins for dark and for narrow pages; that of the speed: each peer's time beside ours."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from fastloss.plot.style import palette, tidy

__all__ = ["SHOWN", "draw", "write"]

# case of the report -> what a reader of the README calls it
SHOWN = {
    "robust float32 alpha=0.5 value": "robust loss, $\\alpha$ = 0.5",
    "robust float32 alpha=0.5 value_and_grad": "robust loss, value and gradient",
    "cross_entropy float32 400000x10 value": "cross-entropy, 10 classes",
    "cross_entropy float32 400000x10 value_and_grad": "10 classes, value and gradient",
    "cross_entropy float32 8192x1000 value": "cross-entropy, 1000 classes",
    "cross_entropy float32 64x128000 value": "cross-entropy, 128 000 classes",
}
PEERS = ("numpy", "scipy", "scikit-learn", "numba", "numexpr", "torch", "torch.compile", "jax")


def write(draw, path):
    """The figures that draw(is_narrow) returns: PATH, and with -narrow, -dark or both at the end of its name."""
    for narrow, is_narrow in (("", False), ("-narrow", True)):
        for dark, style in (("", "default"), ("-dark", "dark_background")):
            with plt.style.context(style):
                draw(is_narrow).savefig(path.with_stem(f"{path.stem}{narrow}{dark}"), transparent=bool(dark))


def draw(report, is_narrow):
    """Bars of (time / time of fastloss) of the cases of SHOWN, a panel each, on one scale."""
    results = {result["case"]: result["ns_per_element"] for result in report["results"]}
    shown = {case: results[case] for case in SHOWN if "fastloss" in results.get(case, ())}
    if not shown:
        raise ValueError("no case of the picture was measured with fastloss")
    columns, width = (1, 4.2) if is_narrow else (2, 8.2)
    bars = [[("fastloss", 1.0), *_peers(times)] for times in shown.values()]
    rows = [bars[start : start + columns] for start in range(0, len(bars), columns)]
    heights = [max(map(len, row)) + 1.4 for row in rows]
    figure = plt.figure(figsize=(width, 0.23 * sum(heights) + 0.9), dpi=160, layout="constrained")
    grid = figure.add_gridspec(len(rows), columns, height_ratios=heights)
    longest = max(multiple for case in bars for _, multiple in case)
    for place, (case, title) in enumerate(zip(bars, (SHOWN[case] for case in shown), strict=True)):
        row, column = divmod(place, columns)
        axes = figure.add_subplot(grid[row, column])
        _bars(axes, case, heights[row] - 1.4)
        axes.set_xlim(0, 1.1 * longest)
        axes.set_title(title, fontsize=10.5, loc="left")
    figure.suptitle(
        "Time taken, as a multiple of that of fastloss\n(float32, one thread)", fontsize=12, fontweight="bold"
    )
    figure.supxlabel(report["machine"], fontsize=8)
    return figure


def _peers(times):
    """[(peer, its multiple of our time)], best first"""
    multiples = {name: times[name] / times["fastloss"] for name in PEERS if name in times}
    return sorted(multiples.items(), key=lambda item: item[1])


def _bars(axes, case, room):
    """A bar for each (name, multiple), ours first, from the top of an axis that has room for so many."""
    colours = palette(axes)
    names, multiples = zip(*case, strict=True)
    bars = axes.barh(range(len(case)), multiples, 0.8, color=[colours.first, *[colours.fill] * (len(case) - 1)])
    axes.bar_label(bars, [f"{m:.1f}" if m < 9.95 else f"{m:.0f}" for m in multiples], padding=2, fontsize=9)
    axes.set_yticks(range(len(case)), names, fontsize=9.5)
    axes.set_ylim(room - 0.4, -0.6)
    axes.set_xticks([])
    axes.tick_params(length=0)
    tidy(axes)
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
