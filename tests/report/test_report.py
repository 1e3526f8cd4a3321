"""The page of a summary, read back as a browser would read it: by its tags, texts and attributes."""

import json
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest

import fastloss as fl
from fastloss.exact.collectors import Collector, ColumnsCollector
from fastloss.exact.groups import GroupCollector
from fastloss.exact.scale import Scale
from fastloss.exact.summary import Summary

pa = pytest.importorskip("pyarrow")

from fastloss import cli  # noqa: E402

VOID = {"meta"}
RNG = np.random.default_rng(0)
VALUES = {
    "nothing": [],
    "one": [3.25],
    "equal": np.full(1000, 0.1),
    "zeros": [0.0, -0.0],
    "infinite": [np.inf, -np.inf, 1.0, 2.0, -4.0, 0.0, 0.0],
    "all infinite": [np.inf, np.inf],
    "subnormal": [5e-324, 1e-323, 1e-310, 3e-308],
    "least": [5e-324],
    "widest": [5e-324, 1e-200, 1.0, 1.7976931348623157e308, -1.7976931348623157e308, -1e-300],
    "wide": RNG.lognormal(0, 6, 5000),
    "narrow": 1 + 0.01 * RNG.standard_normal(5000),
    "octaves": RNG.uniform(1, 5, 5000),
    "signed": RNG.standard_normal(5000),
    "negative": -RNG.exponential(1, 5000),
}
HOSTILE = ["<script>alert(1)</script>", "\"a\" & 'b'", "\u202eright to left\u200f", "\u05e9", "x" * 5000, "two\nlines",
           "</table></main>", "\ud800", "a" * 23 + "<", "", "&lt;"]  # fmt: skip


class Page(HTMLParser):
    """What a page holds; a tag that is not closed where it was opened is an error."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts, self.tables = [], [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs)
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs), tuple(self.open)))
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append([])
        if tag == "data":
            self.tables[-1][-1][-1].append(float(dict(attrs)["value"])) if "td" in self.open else None
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if self.open[-1:] != ["data"] and {"td", "th"} & set(self.open) and data.strip():
            self.tables[-1][-1][-1].append(data)

    def table(self, number=0):
        """{head of a row: what its cells hold}."""
        return {"".join(row[0]): row[1:] for row in self.tables[number] if row and "".join(map(str, row[0]))}


def grouped(values, codes, keys, weights=None):
    collector = GroupCollector("<day>")
    collector.add(np.asarray(values, float), None, None, weights, np.asarray(codes), keys)
    return collector.summary()


def floats(given):
    """Numbers of JSON, as a page has them."""
    pair = given if isinstance(given, list) else [given]
    return [] if given is None else [float(number) for number in pair]


def numbers(cells):
    return [cell for cell in cells if isinstance(cell, float)]


def check_page(text):
    """What holds of all pages: parsed."""
    page = Page(text)
    assert text.startswith("<!DOCTYPE html>")
    assert not {"script", "link", "img", "iframe", "object", "use", "image", "a", "form"} & set(page.tags)
    names = {name for _, attributes, _ in page.attributes for name in attributes}
    assert not {name for name in names if name.startswith("on")} | {"href", "src", "action", "xlink:href"} & names
    assert "url(" not in text and "@import" not in text
    for tag, attributes, inside in page.attributes:
        if tag == "svg":
            assert attributes["role"] == "img"
        if attributes.get("role") == "img":
            assert attributes["aria-label"] and inside[-1] == "figure"
    assert page.tags.count("figure") == page.tags.count("figcaption")
    return page


@pytest.mark.parametrize("name", VALUES)
def test_the_numbers_are_those_of_the_json(name):
    summary = Summary.of(np.asarray(VALUES[name], float)).of_loss("huber(delta=1.5)")
    page = check_page(fl.report.html(summary))
    fields, shown = json.loads(summary.to_json()), page.table()
    for key in ("rows", "count", "null", "nan", "ignored", "infinite", "sum", "mean", "min", "max"):
        assert numbers(shown[key][0]) == floats(fields[key]), key
    for q, value in fields["quantiles"].items():
        assert numbers(shown[f"p{float(q) * 100:g}"][0]) == floats(value)
    for key in ("std", "stderr"):
        assert numbers(shown[key][0]) == floats(fields[key])
    assert numbers(shown["mean, 95% interval"][0]) == floats(fields["interval"])
    assert page.tags.count("svg") == bool(summary.count)
    assert any("quadratic near zero" in text for text in page.texts)
    assert all(value not in text for text in page.texts for value in ("nan%", "None"))


def test_with_weights_the_interval_is_that_of_the_weighted_mean():
    summary = fl.summarize([1.0, 2.0, 1e9], sample_weight=[3.0, 2.0, 0.0])
    shown = check_page(fl.report.html(summary)).table()
    low, high = numbers(shown["weighted mean, 95% interval"][0])
    assert low < summary.weighted_mean < high < summary.mean and "mean, 95% interval" not in shown


@pytest.mark.parametrize("name", VALUES)
def test_the_bars_have_exact_counts(name):
    values = np.asarray(VALUES[name], float)
    if not len(values):
        return
    summary = Summary.of(values)
    scale = Scale(summary)
    bins = scale.bins()
    assert sum(each.count for each in bins) == len(values)
    for each in bins:
        low, high = (np.less_equal, np.less) if each.low > 0 else (np.less, np.less_equal)
        low, high = (low, high) if each.low != each.high else (np.less_equal, np.less_equal)
        top = (values == each.high) if each.high == np.finfo(float).max else False
        bottom = (values == each.low) if each.low == -np.finfo(float).max else False
        assert each.count == ((low(each.low, values) & high(values, each.high)) | top | bottom).sum()
    assert all(a.right <= b.left + 1e-9 for a, b in pairwise(bins))
    assert bins[0].left >= 0 and bins[-1].right <= 100 + 1e-9 and all(each.right > each.left for each in bins)
    assert len(bins) <= 75
    places = [scale.place(value) for value in np.sort(values)]
    assert places == sorted(places) and places[0] >= 0 and places[-1] <= 100 + 1e-9
    for value in values[:50]:  # within the bar that counts it
        each = next(
            b for b in bins if b.low <= value <= b.high and b.left - 1e-9 <= scale.place(value) <= b.right + 1e-9
        )
        assert each.count
    ticks = scale.ticks()
    assert ticks and all(abs(scale.place(value) - place) < 1e-9 for value, place in ticks)


def test_bars_are_as_wide_as_their_logarithms():
    summary = Summary.of(2.0 ** np.arange(-40, 40))
    bins = Scale(summary).bins()
    widths = {round((each.right - each.left) / np.log2(each.high / each.low), 6) for each in bins}
    assert len(widths) == 1


def test_names_out_of_the_data_stay_text():
    summary = grouped(np.arange(len(HOSTILE)), np.arange(len(HOSTILE)), HOSTILE).of_loss(HOSTILE[0])
    benign = grouped(np.arange(len(HOSTILE)), np.arange(len(HOSTILE)), list("abcdefghijk")).of_loss("other")
    rows = pa.table({key: [key] for key in HOSTILE if key != "\ud800"})
    plain = pa.table({f"c{i}": ["a"] for i in range(len(rows.column_names))})
    about = {HOSTILE[0]: HOSTILE[6]}
    text = fl.report.html({HOSTILE[0]: summary}, title=HOSTILE[0], about=about, worst=rows)
    page = check_page(text)
    assert page.tags == check_page(fl.report.html({"a": benign}, about={"a": "b"}, worst=plain)).tags
    assert text.encode().isascii() is False and "\u202e" not in text and "\u200f" not in text
    shown = set(page.texts)
    assert {HOSTILE[0], HOSTILE[1], "\\u202eright to left\\u200f", "two\\nlines", "\\ud800", "&lt;", "''"} <= shown
    assert all(len(each) <= 300 for each in shown if ":root" not in each)  # which is the style


def test_groups_are_shown_the_worst_first():
    values = np.repeat(np.arange(150.0), 2) % 75 + np.tile([0.0, 1.0], 150)
    keys = [f"g{k:03d}" for k in range(150)]
    summary = grouped(values, np.repeat(np.arange(150), 2), keys, np.tile([1.0, 3.0], 150))
    page = check_page(fl.report.html(summary))
    order = sorted(keys, key=lambda key: (-summary.groups[key].mean, key))
    shown = page.table(1)
    assert list(shown)[1:] == order[:100]
    heads = ["".join(cell) for cell in page.tables[1][0]][1:]
    for key in order[:100]:
        fields = summary.groups[key].fields()
        found = dict(zip(heads, map(numbers, shown[key]), strict=True))
        assert found["weighted mean"] == floats(fields["weighted_mean"])
        assert found["p99"] == floats(fields["quantiles"]["0.99"])
        names = ("count", "mean", "stderr", "min", "max", "null", "nan", "ignored")
        assert all(found[name] == floats(fields[name]) for name in names)
    assert any("the 100 of 150 groups" in text for text in page.texts)


@pytest.mark.parametrize(
    "values", [[np.inf, 1.0, -2.0, np.nan], [np.nan] * 4, [1e308, -1e308, 0.0, 5e-324], [-1.0] * 4]
)
def test_groups_of_any_means(values):
    page = check_page(fl.report.html(grouped(values, range(4), [1, 2.5, "x", None])))
    styles = [attributes["style"] for _, attributes, _ in page.attributes if "style" in attributes]
    places = [float(part.split(":")[1].rstrip("%")) for style in styles for part in style.split(";")]
    assert len(places) >= 4 and all(0 <= place <= 100 for place in places)


def test_outputs_and_several_losses():
    collector = ColumnsCollector()
    collector.add(np.arange(6.0).reshape(3, 2))
    a, b = collector.summaries()
    collector = Collector()
    collector.add(np.arange(3.0), null=[True, False, False])
    total = collector.summary()
    summary = Summary(**{**vars(total), "outputs": {"value[0]": a, "value[1]": b}})
    page = check_page(fl.report.html({"huber": summary, "squared": b}))
    assert numbers(page.table(1)["value[1]"][1]) == [b.mean] and numbers(page.table(2)["mean"][0]) == [b.mean]
    with pytest.raises(TypeError, match="summaries and comparisons, got dict"):
        fl.report.html({"a": {}})


def test_worst_rows_of_a_summary_and_of_its_groups():
    table = pa.table(
        {"p": [1.0, 3.0, 2.0], "y": [0.0] * 3, "g": ["<b>", "<b>", "x"], "text": ["<i>", "two", "</table>"]}
    )
    summary = fl.score(table, loss="absolute_error", pred="p", target="y", worst=1, worst_by_group=True, by="g")
    page = check_page(fl.report.html(summary))
    of_all, *of_groups = page.tables[-3:]
    assert [of_all[1][-1], *(rows[1][-1] for rows in of_groups)] == [["two"], ["two"], ["</table>"]]
    without = fl.score(table, loss="absolute_error", pred="p", target="y", worst=1, by="g")
    assert len(check_page(fl.report.html(without)).tables) == len(page.tables) - 2


def test_worst_rows():
    times = pa.array([2**62, -1, None], pa.timestamp("ns"))
    late = pa.array([10**12, 1, None], pa.timestamp("s", "UTC"))  # beyond the years of Python
    table = pa.table(
        {"value": [np.inf, 2.0, np.nan], "time": times, "logits": [[0.5] * 99, [], None], "n": [2**60, 2, 3]}
    )
    table = table.append_column("late", late)
    page = check_page(fl.report.html(Summary.of(np.ones(3)), worst=table))
    rows = page.tables[-1]
    assert [cells[0] for cells in rows[0][1:]] == table.column_names
    assert [numbers(row[1]) for row in rows[1:3]] == [[np.inf], [2.0]] and rows[1][4] == [str(2**60)]
    assert rows[1][2] == ["2116-02-20 23:53:38.427387904"] and rows[3][2] == rows[3][3] == ["-"]
    many = pa.table({"value": np.arange(1000.0)})
    assert len(check_page(fl.report.html(Summary.of(np.ones(3)), worst=many)).tables[-1]) == 101


# ---- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Runs the command in this process, in a new directory: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    return lambda *args: (cli.main(list(args)), *capfd.readouterr())


def test_the_command_writes_the_page(run, tmp_path):
    summary = grouped(np.arange(9.0), np.arange(9) % 3, list("abc")).of_loss("huber(delta=1.0)")
    (tmp_path / "s.json").write_text(summary.to_json(state=True))
    for _ in range(2):
        assert run("report", "s.json", "-o", "r.html") == (0, "", "")
        assert (tmp_path / "r.html").read_text(encoding="utf-8") == fl.report.html(summary)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "s.json"]


def test_scoring_writes_the_page(run, tmp_path):
    np.savez(tmp_path / "d.npz", p=np.arange(5.0), y=np.zeros(5))
    args = ("score", "d.npz", "--loss", "huber", "--pred", "p", "--target", "y", "--json", "--report", "r.html")
    code, out, _ = run(*args, "--fail-if", "count>1")
    page = check_page((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert (code, numbers(page.table()["mean"][0])) == (1, [json.loads(out)["mean"]])
    assert "d.npz" in page.texts
    code, out, _ = run(*args, "--loss", "mse")
    page = check_page((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert code == 0 and {"huber", "squared_error", "absolute_error"} & {*page.texts} == {"huber", "squared_error"}


def test_comparing_writes_the_page(run, tmp_path):
    day = np.arange(300) % 3
    np.savez(tmp_path / "d.npz", a=RNG.exponential(1, 300), b=RNG.exponential(1, 300), y=np.zeros(300), day=day)
    args = ("d.npz", "--loss", "huber", "--pred", "a", "--versus", "b", "--target", "y", "--by", "day")
    code, out, _ = run("compare", *args, "--json", "--report", "r.html")
    found = json.loads(out)
    page = check_page((tmp_path / "r.html").read_text(encoding="utf-8"))
    parts = [found[part] for part in ("first", "second", "difference")]
    assert code == 0
    for key in ("count", "mean", "std", "stderr", "interval", "min", "max"):
        assert [numbers(cell) for cell in page.table(0)[key]] == [floats(part[key]) for part in parts]
    heads = ["".join(cell) for cell in page.tables[1][0]][1:]
    order = sorted(found["groups"], key=lambda group: -group["difference"]["mean"])
    assert list(page.table(1))[1:] == [str(group["value"]) for group in order]
    for group in order:
        shown = dict(zip(heads, map(numbers, page.table(1)[str(group["value"])]), strict=True))
        assert shown["difference"] == [group["difference"]["mean"]] and shown["first"] == [group["first"]["mean"]]
        assert shown["95% interval"] == group["difference"]["interval"]
        assert [shown[outcome] for outcome in ("won", "lost", "tied")] == [[group[o]] for o in ("won", "lost", "tied")]


def compared(first, second, **columns):
    table = pa.table({"a": first, "b": second, "y": np.zeros(len(first)), **columns})
    options = {"sample_weight": "w"} if "w" in columns else {}
    return fl.compare(table, loss=fl.absolute_error, pred="a", versus="b", target="y", **options)


def test_outcomes_of_a_comparison_are_bars_of_their_shares():
    result = compared([1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 4.0, 4.0])
    assert (result.won, result.lost, result.tied) == (2, 1, 1)
    bars = [attributes["style"] for _, attributes, _ in check_page(fl.report.html(result)).attributes
            if attributes.get("class") == "bar"]  # fmt: skip
    assert bars[:3] == [f"left:0.000%;width:{share}.000%" for share in (50, 25, 25)]


def test_means_of_a_comparison_are_weighted_where_it_has_weights():
    given = [1.0, 2.0, 3.0], [2.0, 1.0, 4.0]
    for columns in ({}, {"w": [1.0, 0.0, 3.0]}):
        result = compared(*given, **columns)
        page = check_page(fl.report.html(result))
        parts = result.first, result.second, result.difference
        assert [numbers(cell) for cell in page.table(0)["mean"]] == [[part.weighted_mean] for part in parts]


def test_a_comparison_of_no_rows_that_count_has_no_outcomes():
    page = check_page(fl.report.html(compared([np.nan], [1.0])))
    assert not any("Rows in which the first loss is smaller" in text for text in page.texts)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"count": 3}', "s.json: the text holds no state"),
        ("<html>", "s.json: the text is no JSON: Expecting value"),
        ("\xff", "s.json: the text is no JSON: "),
        (
            Summary.of(np.ones(3)).to_json(state=True).replace('"count": 3', '"count": 4', 1),
            "s.json: the text is damaged",
        ),
        (None, "s.json: No such file"),
    ],
)
def test_what_is_no_summary_is_refused(run, tmp_path, text, said):
    if text is not None:
        (tmp_path / "s.json").write_text(text, encoding="latin-1")
    code, out, err = run("report", "s.json", "-o", "r.html")
    assert (code, out, err.count("\n")) == (2, "", 1) and err.startswith(f"fastloss: {said}")
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (".", "a page is a file"),
        ("-", "a page is a file"),
        ("no/r.html", "no directory no"),
        ("r.pdf", "r.pdf: a page is HTML: call it r.html"),
        ("s.json", "take the place"),
    ],
)
def test_where_no_page_can_be_is_refused(run, tmp_path, output, said):
    text = Summary.of(np.ones(3)).to_json(state=True)
    (tmp_path / "s.json").write_text(text)
    code, out, err = run("report", "s.json", "-o", output)
    assert (code, out, err.count("\n")) == (2, "", 1) and said in err
    assert [path.name for path in tmp_path.iterdir()] == ["s.json"] and (tmp_path / "s.json").read_text() == text


def test_the_accuracy_of_each_bin_is_drawn_beside_its_probability():
    collector = Collector(4)
    p, true = np.array([0.125, 0.375, 0.4, 1.0]), np.array([0.0, 1.0, 0.0, 1.0])
    collector.add(np.ones(4), predicted=(p, true))
    text = fl.report.html(collector.summary())
    assert "Accuracy in 4 bins of predicted probability" in text
    assert "probability 0.125, accuracy 0: 1 row, 25%" in text
    assert "probability 0.3875, accuracy 0.5: 2 rows, 50%" in text
    assert 'width="22.500%" y="91.00" height="69.00"' in text  # half of the height
    assert text.count('class="mark"') == 3  # not of the empty bin
