"""What pictures of summaries show, by the data that they draw."""

import numpy as np
import pytest

import fastloss as fl
from fastloss.exact.groups import GroupCollector
from fastloss.exact.scale import Scale

pytest.importorskip("matplotlib")
pytest.importorskip("pyarrow")

import pyarrow as pa
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from fastloss import cli, plot
from fastloss.exact.summary import Summaries
from fastloss.files.comparing import Comparison

RNG = np.random.default_rng(0)
VALUES = {
    "one": [3.25],
    "zeros": [0.0, -0.0],
    "infinite": [np.inf, -np.inf, 1.0, 2.0, -4.0, 0.0, 0.0],
    "all infinite": [np.inf, np.inf],
    "both infinite": [np.inf, -np.inf],
    "widest": [5e-324, 1e-200, 1.0, 1.7976931348623157e308, -1.7976931348623157e308, -1e-300],
    "wide": RNG.lognormal(0, 6, 5000),
    "signed": RNG.standard_normal(5000),
}


def grouped(values, codes, keys, by="day"):
    collector = GroupCollector(by)
    collector.add(values, None, None, None, codes, keys)
    return collector.summary()


GROUPED = grouped(
    RNG.exponential(1, 600) * np.repeat([1.0, 3.0, 2.0], 200), np.repeat([0, 1, 2], 200), ["a", "b", "$c"]
)


PROBABILITY, HAPPENED = np.repeat([0.5, 0.9], 50), np.repeat([1.0, 0.0, 1.0, 0.0], [20, 30, 46, 4])
PREDICTIONS = pa.table({"p": PROBABILITY, "y": HAPPENED})


def calibrated(predictions):
    return fl.score(predictions, loss=fl.binary_cross_entropy, pred="p", target="y", calibration=3)


CALIBRATED = calibrated(PREDICTIONS)


def compared(a, b):
    outcomes = [int(np.sum(mark)) for mark in (a < b, a > b, a == b)]
    return Comparison(fl.summarize(a), fl.summarize(b), fl.summarize(a - b), *outcomes)


DRAWN = {
    "summary": (lambda **given: plot.summary(fl.summarize(VALUES["wide"]), **given), 1),
    "groups": (lambda **given: plot.groups(GROUPED, **given), 1),
    "comparison": (lambda **given: plot.comparison(compared(VALUES["wide"], VALUES["wide"][::-1]), **given), 2),
    "calibration": (lambda **given: plot.calibration(CALIBRATED, **given), 2),
}


@pytest.mark.parametrize("name", VALUES)
def test_the_areas_of_bars_are_the_counts_of_the_scale_of_the_report(name):
    summary = fl.summarize(VALUES[name])
    (axes,) = plot.summary(summary).axes
    FigureCanvasAgg(axes.figure).draw()
    areas = np.array([bar.get_width() * bar.get_height() for bar in axes.patches])
    bins = Scale(summary).bins()
    np.testing.assert_allclose(areas / areas.sum(), [each.count / summary.count for each in bins], rtol=1e-9)
    assert [bar.get_x() for bar in axes.patches] == [each.left for each in bins]
    assert sum(each.count for each in bins) == len(VALUES[name])


def test_mean_and_quantiles_are_marked():
    summary = fl.summarize(VALUES["wide"])
    (axes,) = plot.summary(summary).axes
    named = {line.get_label(): line.get_xdata()[0] for line in axes.lines if not line.get_label().startswith("_")}
    wanted = {"mean": summary.mean, "p50": summary.quantile(0.5), "p90": summary.quantile(0.9)}
    wanted["p99"] = summary.quantile(0.99)
    assert named == {f"{name} {value:.4g}": Scale(summary).place(value) for name, value in wanted.items()}


def test_groups_are_their_means_and_intervals_the_worst_first():
    (axes,) = plot.groups(GROUPED).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["b", r"\$c", "a"]
    keys = ["b", "$c", "a"]
    np.testing.assert_array_equal(
        axes.collections[0].get_offsets(), [(GROUPED.groups[key].mean, place) for place, key in enumerate(keys)]
    )
    assert [tuple(line.get_xdata()) for line in axes.lines[:3]] == [GROUPED.groups[key].interval for key in keys]
    low, high = axes.get_ylim()
    assert low > high


def test_of_many_groups_the_worst():
    values = np.arange(100.0)
    (axes,) = plot.groups(grouped(values, np.arange(100), list(range(100)))).axes
    assert axes.collections[0].get_offsets()[:, 0].tolist() == values[:-41:-1].tolist()
    assert "the 40 of 100 groups" in axes.get_title()


def test_a_comparison_is_its_differences_and_outcomes():
    a, b = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 1.0, 3.0, 9.0])
    left, right = plot.comparison(compared(a, b)).axes
    assert [bar.get_width() for bar in right.patches] == [2, 1, 1]
    assert [text.get_text() for text in right.texts] == ["2\n50%", "1\n25%", "1\n25%"]
    areas = [bar.get_width() * bar.get_height() for bar in left.patches]
    assert len(areas) == 4 and left.get_title().startswith("4 differences")


def test_calibration_is_accuracy_over_confidence():
    left, right = plot.calibration(CALIBRATED).axes
    np.testing.assert_allclose(left.collections[1].get_offsets(), [[0.5, 0.4], [0.9, 0.92]], rtol=1e-12)
    assert left.get_title() == "expected error 0.06, largest 0.1"
    assert [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in right.patches] == [
        (pytest.approx(0.5), 50),
        (pytest.approx(5 / 6), 50),
    ]


@pytest.mark.parametrize("name", DRAWN)
def test_draws_into_given_axes_or_a_new_figure(name):
    draw, panels = DRAWN[name]
    assert isinstance(draw(), Figure)
    figure = Figure()
    assert draw(ax=figure.subplots(1, panels)) is figure
    FigureCanvasAgg(figure).draw()
    with pytest.raises(ValueError, match=f"ax must be {panels} axes, got 3"):
        draw(ax=figure.subplots(1, 3))


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_bytes_again(name, tmp_path):
    for file in ("a.png", "b.png"):
        DRAWN[name][0]().savefig(tmp_path / file)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: plot.summary(fl.summarize([])), ValueError, "no loss counts"),
        (lambda: plot.summary([1.0]), TypeError, "must be the Summary of one loss, got list"),
        (lambda: plot.summary({"huber": fl.summarize([1.0])}), TypeError, "got dict: take one of huber"),
        (lambda: plot.groups(fl.summarize([1.0])), TypeError, "no groups: score with by="),
        (lambda: plot.groups(grouped(np.array([np.nan]), np.array([0]), ["a"])), ValueError, "no group .* has a mean"),
        (lambda: plot.comparison(compared(np.array([]), np.array([]))), ValueError, "no loss counts"),
        (lambda: plot.calibration({"huber": fl.summarize([1.0])}), TypeError, "got dict: take one of huber"),
        (lambda: plot.calibration(fl.summarize([1.0])), ValueError, "no calibration: score with calibration=15"),
        (lambda: plot.calibration(calibrated(PREDICTIONS.slice(0, 0))), ValueError, "no loss counts"),
        (lambda: plot.comparison({1.0}), TypeError, "must be what fl.compare returns, got set"),
        (lambda: plot.summary(fl.summarize([1.0]), ax=5), TypeError, "ax must be axes of matplotlib, got 5"),
    ],
)
def test_what_cannot_be_drawn(draw, error, message):
    with pytest.raises(error, match=message):
        draw()


def test_names_out_of_data_are_no_formulas():
    names = ["$a_b$", "x" * 500, "two\nlines", "\u202e", "\ud800"]
    figure = plot.groups(grouped(np.arange(5.0), np.arange(5), names, by="$d$"))
    FigureCanvasAgg(figure).draw()


def test_the_command_draws_summaries(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.json").write_text(GROUPED.to_json(state=True))
    for picture in ("summary", "groups"):
        assert cli.main(["plot", picture, "s.json", "-o", f"{picture}.png", "--dark"]) == 0
        assert (tmp_path / f"{picture}.png").stat().st_size > 5000
    capfd.readouterr()
    for args, message in (
        (("calibration", "s.json"), "no calibration"),
        (("summary",), "summary needs the file of a summary: fastloss plot summary SUMMARY.json -o a.png"),
        (("curves", "s.json"), "curves takes no summary: leave it out, or draw summary, groups, calibration"),
        (("summary", "none.json"), "none.json"),
        (("summary", "s.json", "--loss", "huber"), "s.json is of one loss"),
        (("summary", "s.json", "-p", "delta=1"), "-p delta=1"),
    ):
        assert cli.main(["plot", *args, "-o", "a.png"]) == 2
        out, err = capfd.readouterr()
        assert message in err and err.count("\n") == 1 and not out
    assert not (tmp_path / "a.png").exists()


def test_the_command_draws_one_of_several_losses(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    several = Summaries({name: fl.summarize(VALUES["wide"]).of_loss(name) for name in ("huber", "cauchy")})
    (tmp_path / "s.json").write_text(several.to_json(state=True))
    assert cli.main(["plot", "summary", "s.json", "--loss", "cauchy", "-o", "a.svg"]) == 0
    capfd.readouterr()
    assert cli.main(["plot", "summary", "s.json", "-o", "b.svg"]) == 2
    assert "s.json is of several losses: --loss names one of huber, cauchy" in capfd.readouterr().err
