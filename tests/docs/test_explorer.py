"""The explorer in a browser, by clicks, keys and drags: what it shows is what the library computes."""

import json
import re
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from browser import BROWSER, LOOK

import fastloss as fl

pytestmark = [
    pytest.mark.docs,
    pytest.mark.skipif(BROWSER is None, reason="no chromium is installed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:playwright"),
]
ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "docs" / "_static" / "explorer"
LOSSES = list(fl.list_losses("residual"))
OUTPUTS = ("value", "grad", "hess", "weight")
# Beside the defaults: each form of `robust`, and parameters that are no round numbers
SETTINGS = {
    "robust": [(alpha, 1.5) for alpha in (-1e30, -4, -2, -1e-5, 0, 1e-4, 0.7, 1, 1.5, 1.9, 2, 2.1, 3, 1e30)],
    "robust_nll": [(alpha, 0.7) for alpha in (0, 0.1, 0.5, 1, 1.5, 1.999, 2, 2 + 2**-51, 2.3, 3, 4, 4.5, 30, 1e300)],
    "student_t_nll": [(0.3, 1.5), (30, 0.2)],
    "gaussian_nll": [(1.0,), (2.5,)],
    "hampel": [(1.7, 3.4, 8.5)],
    "tolerant": [(5, 0.1), (0, 0.3)],
}


def settings(name):
    usual = tuple(fl.get(name).parameters.values())
    others = SETTINGS.get(name, [tuple(0.7 * value for value in usual)])
    return [usual, *others] if len(usual) == len(fl.get(name).domains) else others


def bound(name, values):
    return fl.get(name).bind(**dict(zip(fl.get(name).domains, values, strict=True)))


@pytest.fixture(scope="module")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])


@contextmanager
def opening(out, chromium):
    """A function that opens the page; at the end nothing was logged as wrong, and nothing fetched but files."""
    pages, wrong = [], []

    def opened(width=1280, dark=False, preset=""):
        page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light")
        page.on("console", lambda message: message.type in ("error", "warning") and wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: request.url.startswith("file:") or wrong.append(request.url))
        page.goto((out / "explorer.html").as_uri() + preset)
        page.wait_for_function("document.getElementById('explorer-slope').textContent !== ''")
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()
    assert not wrong


@pytest.fixture
def opened(built, chromium):
    with opening(built[0], chromium) as opened:
        yield opened


@pytest.fixture(scope="module")
def page(built, chromium):
    """One page on which losses are picked, one after the other."""
    with opening(built[0], chromium) as opened:
        yield opened()


def number(page, word):
    return float(page.locator(f"dt:text-is('{word}') + dd").inner_text())


def write(page, **numbers):
    for name, value in numbers.items():
        page.locator(f"#explorer-{name}").fill(str(value))


def page_loss(page, name):
    """The loss with the parameters that the page has."""
    return bound(name, [float(page.locator(f"#explorer-{each}").input_value()) for each in fl.get(name).domains])


def points_of(page, outlier):
    points = page.evaluate("[...POINTS.map(p => [p.x, p.y]), [OUTLIER_AT, 0]]")
    x, y = np.array(points).T
    y[-1] = outlier
    return x[:, None], y


def close(shown, exact):
    """Equal to the six digits that are shown"""
    if exact == 0 or not np.isfinite(exact):
        return shown == exact
    return abs(shown - exact) <= 0.51 * 10.0 ** (np.floor(np.log10(abs(exact))) - 5)


def test_the_scripts_list_the_losses_of_the_library():
    text = (SCRIPTS / "kernels.js").read_text(encoding="utf-8")
    listed = json.loads(re.search(r"const LOSSES = (\[\n.*?\n\]);", text, re.DOTALL)[1].replace(",\n]", "\n]"))
    assert [loss["name"] for loss in listed] == LOSSES
    for loss in listed:
        named = {parameter["name"]: parameter for parameter in loss["parameters"]}
        assert {name: parameter["domain"] for name, parameter in named.items()} == dict(fl.get(loss["name"]).domains)
        for name, value in fl.get(loss["name"]).parameters.items():
            assert named[name]["usual"] == value
    assert sum(file.stat().st_size for file in SCRIPTS.iterdir()) < 300_000


def test_the_page_has_the_bits_of_the_library(opened):
    if fl.isa() == "baseline":
        pytest.skip("without a fused multiply-add the library has other bits")
    rng = np.random.default_rng(0)
    residuals = np.concatenate([np.linspace(-9, 9, 361), rng.normal(size=300) * 10.0 ** rng.integers(-200, 200, 300)])
    residuals = np.append(residuals, [0.0, -0.0, np.inf, -np.inf, np.nan])
    jobs = [(name, [*map(float, values)]) for name in LOSSES for values in settings(name)]
    computed = opened().evaluate(
        """async ([jobs, residuals]) => {
            const evaluate = await loadKernels();
            const bits = (numbers) => [...new BigInt64Array(numbers.buffer)].map(String);
            return jobs.map(([name, values]) => Object.values(evaluate(name, values, residuals)).map(bits));
        }""",
        [jobs, residuals.tolist()],
    )
    for (name, values), outputs in zip(jobs, computed, strict=True):
        exact = bound(name, values).evaluate(residuals, outputs=OUTPUTS)
        for output, own, theirs in zip(OUTPUTS, outputs, exact, strict=True):
            own = np.array(list(map(int, own)), np.int64).view(np.float64)
            same = (own.view(np.int64) == theirs.view(np.int64)) | (np.isnan(own) & np.isnan(theirs))
            if (name, output) == ("robust_nll", "value"):  # whose term has the browser's logarithm
                same = np.isclose(own, theirs, rtol=2e-15, atol=2e-15, equal_nan=True)
            assert same.all(), (name, values, output, residuals[~same], own[~same], theirs[~same])


@pytest.mark.parametrize("name", LOSSES)
def test_the_numbers_at_the_residual(page, name):
    page.get_by_label("loss", exact=True).select_option(name)
    for values in settings(name)[:2]:
        write(page, **dict(zip(fl.get(name).domains, values, strict=True)))
        for residual in (-3.25, 0.1, 2.0):
            write(page, residual=residual)
            exact = bound(name, values).evaluate([residual], outputs=OUTPUTS)
            shown = [number(page, word) for word in ("value", "gradient", "second derivative", "weight")]
            assert all(map(close, shown, np.ravel(exact))), (values, residual, shown, exact)


@pytest.mark.parametrize("name", LOSSES)
def test_the_line_is_the_one_of_the_library(page, name):
    page.get_by_label("loss", exact=True).select_option(name)
    for outlier in (-12.5, 3.0, 14.0):
        write(page, outlier=outlier)
        x, y = points_of(page, outlier)
        line = fl.adaptive.irls(x, y, loss=page_loss(page, name), tol=1e-12, max_iter=1000)
        assert abs(number(page, "slope of the fitted line") - line.coef[0]) < 2e-6


@pytest.mark.parametrize("name", ["tukey", "welsch", "geman_mcclure", "cauchy"])
def test_an_outlier_moves_the_line_of_squares_more_than_twice_as_far(opened, name):
    page, slopes = opened(), {}
    for each in (name, "squared_error"):
        page.get_by_label("loss", exact=True).select_option(each)
        for outlier in (-8, 0, -15):
            write(page, outlier=outlier)
            slopes[each, outlier] = number(page, "slope of the fitted line")
    for outlier in (0, -15):
        own, squares = (abs(slopes[each, outlier] - slopes[each, -8]) for each in (name, "squared_error"))
        assert squares > 2 * own and squares > 0.05


def drag(page, start, end, by_touch=False):
    places = [start, np.mean([start, end], axis=0), end]
    if by_touch:
        session = page.context.new_cdp_session(page)
        for kind, place in zip(("touchStart", "touchMove", "touchMove", "touchEnd"), [*places, None], strict=True):
            points = [] if place is None else [{"x": float(place[0]), "y": float(place[1])}]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            page.evaluate("new Promise(requestAnimationFrame)")  # before which moves are delivered
        return
    page.mouse.move(*start)
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)
    page.mouse.up()


def middle(box):
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize(("width", "by_touch"), [(390, True), (1280, False)])
def test_the_outlier_is_dragged(opened, width, by_touch):
    page = opened(width)
    page.get_by_label("loss", exact=True).select_option("squared_error")
    page.locator("#explorer-line").scroll_into_view_if_needed()
    before, (x, y) = number(page, "slope of the fitted line"), middle(page.locator("circle.handle").bounding_box())
    drag(page, (x, y), (x, y - 100), by_touch)
    outlier = float(page.locator("#explorer-outlier").input_value())
    assert outlier > 0 and float(page.locator("#explorer-outlier ~ input[type=range]").input_value()) == outlier
    points = points_of(page, outlier)
    exact = np.polyfit(points[0].ravel(), points[1], 1)[0]
    assert close(number(page, "slope of the fitted line"), exact) and exact > before
    assert abs(middle(page.locator("circle.handle").bounding_box())[1] - (y - 100)) < 1.5


@pytest.mark.parametrize("by_touch", [False, True])
@pytest.mark.parametrize("picture", ["value", "grad", "weight"])
def test_the_residual_is_dragged(opened, picture, by_touch):
    page = opened(390)
    box = page.locator(f"#explorer-curve-of-{picture}")
    box.scroll_into_view_if_needed()
    x, y = middle(box.bounding_box())
    drag(page, (x, y), (x - 90, y + 10), by_touch)
    residual = float(page.locator("#explorer-residual").input_value())
    assert -8 < residual < -3
    assert close(number(page, "value"), fl.huber([residual])[0])


def test_sliders_and_keys(opened):
    page = opened(preset="#huber")
    slider = page.locator("#explorer-delta ~ input[type=range]")
    slider.press("ArrowRight")
    delta = float(page.locator("#explorer-delta").input_value())
    assert delta > 1 and close(number(page, "value"), fl.huber([1.5], delta=delta)[0])
    box = slider.bounding_box()
    page.mouse.click(box["x"] + 0.9 * box["width"], middle(box)[1])
    delta = float(page.locator("#explorer-delta").input_value())
    assert delta > 3 and number(page, "value") == 1.125
    assert page.evaluate("location.hash") == f"#huber(delta={delta})"


def test_the_address_names_a_loss(opened):
    page = opened(preset="#robust(alpha=-2,scale=0.5)")
    assert page.locator("#explorer-loss").input_value() == "robust"
    assert close(number(page, "weight"), fl.robust.weight([1.5], alpha=-2.0, scale=0.5)[0])
    page.evaluate("location.hash = '#no_such_loss'")
    page.wait_for_function("document.getElementById('explorer-loss').value === 'huber'")


@pytest.mark.parametrize(
    ("preset", "numbers", "message"),
    [
        ("#huber", {"delta": -1}, "delta must be > 0, got -1"),
        ("#huber", {"delta": ""}, "delta must be a number"),
        ("#huber", {"residual": ""}, "residual must be a number"),
        ("#quantile", {"q": 1}, "q must be > 0 and < 1, got 1"),
        ("#hampel", {"b": 1}, "b must be > a, got 1"),
        ("#huber(delta=x)", {}, "delta must be a number"),
    ],
)
def test_a_number_outside_its_domain_is_named(opened, preset, numbers, message):
    page = opened(preset=preset)
    write(page, **numbers)
    assert page.get_by_role("alert").inner_text() == message
    assert set(page.locator(".explorer dd").all_inner_texts()) == {"\N{EN DASH}"}
    write(page, **dict.fromkeys(numbers or ["delta"], 3.0 if "hampel" in preset else 0.5))
    assert page.get_by_role("alert").inner_text() == ""
    assert number(page, "value") > 0


def test_numbers_of_any_size_are_drawn(opened):
    page = opened()
    for name in LOSSES:
        page.get_by_label("loss", exact=True).select_option(name)
        for values in ({"residual": 1e300, "outlier": -1e300}, {"residual": 1e-300, "outlier": 1e9}):
            write(page, **values)
            assert not re.search("NaN|Infinity|undefined", page.locator(".explorer").inner_html())
            assert close(number(page, "gradient"), page_loss(page, name).grad([values["residual"]])[0])


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_it_is_readable(opened, width, dark):
    page = opened(width, dark)
    page.add_script_tag(content=LOOK)
    frame = "{contentDocument: document, contentWindow: window}"
    found = page.evaluate(f"look({frame}, document.querySelector('.explorer'))")
    assert found["dark"] is dark and found["texts"] > 60
    assert found["overflow"] <= 0 and found["contrast"] >= 4.5 and found["size"] >= 11
    assert found["broken"] == found["cut"] == []
    assert all(page.locator(".explorer svg[role=img]").evaluate_all("all => all.map(each => each.ariaLabel)"))
    assert page.locator(".explorer :is(input, select)").evaluate_all(
        "all => all.every(each => each.labels.length > 0 || each.ariaLabel)"
    )
