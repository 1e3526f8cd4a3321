"""What the pictures show, by the data of their lines."""

import numpy as np
import pytest

import fastloss as fl

pytest.importorskip("matplotlib")

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

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
        assert axes.get_ylim() == (-3, 1.5)


def test_the_regression_shows_the_adaptive_line_on_the_truth():
    (axes, *_) = plot.regression(seed=2).axes
    squares, adaptive, truth = (line.get_ydata() for line in axes.lines)
    assert np.abs(adaptive - truth).max() < 0.02 < np.abs(squares - truth).max()


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


PANELS = {"curves": 2, "surface": 2, "density": 2, "regression": 1, "regression_animation": 1, "residual_weights": 2}


@pytest.mark.parametrize("name", plot.__all__)
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
