"""What the pictures show, by the data of their lines."""

import sys
from itertools import pairwise

import numpy as np
import pytest

import fastloss as fl

pytest.importorskip("matplotlib")

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.style import context
from matplotlib.text import Text
from mpl_toolkits.mplot3d import Axes3D

from fastloss import plot


def lines(axes):
    return [(line.get_xdata(), line.get_ydata()) for line in axes.lines if len(line.get_xdata()) > 2]


def test_curves_are_value_and_gradient():
    alphas = (-np.inf, -2.0, 1.0)
    value, grad = plot.curves(alphas=alphas).axes
    for k, alpha in enumerate(alphas):
        for axes, output in ((value, fl.robust), (grad, fl.robust.grad)):
            x, y = lines(axes)[k]
            np.testing.assert_array_equal(y, output(x, alpha=alpha))


def test_alphas_are_told_apart_in_light_and_dark():
    """In CIELAB, where 2 is a difference that is just seen; neighbours that are nearer are solid and dashed."""
    for style in ({}, "dark_background"):
        with context(style):
            for count in (2, 5, 8):
                drawn = [
                    (lab(line.get_color()), line.get_linestyle())
                    for line in plot.curves(alphas=np.linspace(-6, 2, count)).axes[0].lines[:count]
                ]
                for (a, dash), (b, other) in pairwise(drawn):
                    assert np.linalg.norm(a - b) > 30 or (dash != other and np.linalg.norm(a - b) > 10)
                lightness = [colour[0] for colour, _ in drawn]
                assert max(lightness) < 60 if style == {} else min(lightness) > 50


def lab(colour):
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]] @ linear
    x, y, z = np.cbrt(np.maximum(xyz / (0.9505, 1, 1.089), 0.00886))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_curves_of_several_losses():
    losses = [fl.huber.bind(delta=2.0), fl.cauchy, fl.tukey.bind(scale=8.0)]
    figure = plot.curves(losses)
    value, grad, weight = figure.axes
    for k, loss in enumerate(losses):
        for axes, output in ((value, loss), (grad, loss.grad), (weight, loss.weight)):
            x, y = lines(axes)[k]
            np.testing.assert_array_equal(y, output(x))
            assert x[-1] > 11
    assert [text.get_text() for text in value.get_legend().get_texts()] == [repr(loss) for loss in losses]
    with pytest.raises(ValueError, match="huber is a function of a residual, hinge of a score: draw them in"):
        plot.curves([fl.huber, fl.hinge])
    with pytest.raises(TypeError, match="curves takes a loss or its name, got 3"):
        plot.curves([fl.huber, 3])
    with pytest.raises(ValueError, match="got none"):
        plot.curves([])
    for given, title in (("mse", "squared_error"), (["huber", 2 * fl.huber], None)):  # names, too
        figure = plot.curves(given)
        assert len(figure.axes) == 3 and (title is None or title in str(figure.get_suptitle()))
    with pytest.raises(ValueError, match="unknown loss 'hubr'; did you mean: huber"):
        plot.curves("hubr")


@pytest.mark.parametrize("name", ["huber", "gaussian_nll", "logistic", "cross_entropy"])
def test_curves_of_any_loss(name):
    figure = plot.curves(fl.get(name))
    assert len(figure.axes) == (3 if fl.get(name).has_weight else 2)
    assert all(np.isfinite(y).all() for axes in figure.axes for _, y in lines(axes))


def test_densities_have_area_one():
    density, nll = plot.density(alphas=(1.5, 2.0), scale=0.5).axes
    for (x, y), (_, z) in zip(lines(density), lines(nll), strict=True):
        assert 0.97 < np.trapezoid(y, x) <= 1
        np.testing.assert_allclose(np.exp(-z), y)


def test_the_surface_covers_its_range():
    for axes in plot.surface(alpha_range=(-3, 1.5)).axes[:2]:
        assert axes.name == "3d" and axes.get_ylim() == (-3, 1.5)


def test_the_surface_is_the_loss(monkeypatch):
    drawn = []
    monkeypatch.setattr(Axes3D, "plot_surface", lambda axes, *points, **_: drawn.append(points))
    plot.surface(alpha_range=(-2.0, 1.0))
    for (x, alpha, height), output in zip(drawn, (fl.robust, fl.robust.grad), strict=True):
        near = np.abs(x) < 1  # where no height is cut off
        np.testing.assert_allclose(height[near], output(x[near], alpha=alpha[near]), atol=1e-12)


def test_the_regression_shows_the_adaptive_line_on_the_truth():
    (axes, *_) = plot.regression(seed=2).axes
    squares, adaptive, truth = (line.get_ydata() for line in axes.lines)
    assert np.abs(adaptive - truth).max() < 0.02 < np.abs(squares - truth).max()


def test_the_truth_is_seen_below_the_lines():
    _, adaptive, truth = plot.regression(seed=2).axes[0].lines
    assert truth.get_zorder() < adaptive.get_zorder() and truth.get_linewidth() > 3 * adaptive.get_linewidth()


def test_the_animation_ends_at_the_fit(tmp_path):
    figure = plot.regression_animation(seed=2)
    figure.animation.save(tmp_path / "a.gif", writer="pillow", dpi=20)
    (axes, *_) = figure.axes
    truth, fit = (line.get_ydata() for line in axes.lines)
    assert np.abs(fit - truth).max() < 0.02
    assert (tmp_path / "a.gif").read_bytes()[:3] == b"GIF"


def residual_weights(ax=None):
    r = np.random.default_rng(0).standard_t(2, 50)
    return plot.residual_weights(np.arange(50.0), r, fl.cauchy, ax=ax)


def test_points_that_count_little_have_their_numbers():
    residual = np.random.default_rng(0).uniform(-0.5, 0.5, 60)
    residual[[7, 41]] = 40.0, -30.0
    axes = plot.residual_weights(np.arange(60.0), residual, fl.cauchy).axes[0]
    assert {(text.get_text(), text.xy) for text in axes.texts} == {("7", (7.0, 40.0)), ("41", (41.0, -30.0))}


def test_long_titles_are_not_cut():
    loss, residual = fl.robust.bind(alpha=-2.123456789, scale=57.123456789), np.random.default_rng(0).normal(size=9)
    figure = plot.residual_weights(residual, residual, loss, "a long title " * 12)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for text in (figure._suptitle, *(axes.title for axes in figure.axes)):
        box = text.get_window_extent(canvas.get_renderer())
        assert box.x0 >= 0 and box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height


@pytest.mark.parametrize("name", ["curves", "density", "regression", "surface", "residual_weights"])
def test_text_is_read_on_a_dark_ground(name):
    with context("dark_background"):
        figure = {"residual_weights": residual_weights}.get(name, getattr(plot, name))()
    FigureCanvasAgg(figure).draw()
    texts = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    assert texts and all(lab(text.get_color())[0] > 60 for text in texts)


PANELS = {"curves": 2, "surface": 2, "density": 2, "regression": 1, "regression_animation": 1, "residual_weights": 2}


@pytest.mark.parametrize("name", PANELS)  # those of summaries are in test_summaries.py
def test_draws_into_given_axes_or_a_new_figure(name):
    draw, panels = {"residual_weights": residual_weights}.get(name, getattr(plot, name)), PANELS[name]
    new = draw()
    assert isinstance(new, Figure) and new.axes
    FigureCanvasAgg(new).draw()  # or matplotlib warns of an animation that nobody saw
    figure = Figure()
    axes = figure.subplots(1, panels)
    assert draw(ax=axes) is figure
    FigureCanvasAgg(figure).draw()
    assert all(len(each.lines) + len(each.collections) for each in np.atleast_1d(axes))
    with pytest.raises(ValueError, match=f"ax must be {panels} axes, got 3"):
        draw(ax=figure.subplots(1, 3))


@pytest.mark.parametrize("name", ["curves", "density", "regression", "regression_animation", "surface"])
def test_without_matplotlib_the_command_that_installs_it_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install .*\[plot\]"):
        getattr(plot, name)()
