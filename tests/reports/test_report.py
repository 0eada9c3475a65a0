"""The report of a small simulated trial: complete, self-contained, the same on every run."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import polars as pl
import pytest

from engager.app.simulate import simulate
from engager.inference import Summary
from engager.reports.figures import FIGURES
from engager.reports.html import write_report

SECTIONS = (
    "summary", "design", "comparison", "survival", "remission", "response", "residual", "exposure", "toxicity",
    "patients", "doses", "results", "assumptions",
)  # fmt: skip

DRAWN = (
    "flow", "comparison", "survival", "remission", "response", "residual", "exposure", "toxicity", "swimmer", "doses",
)  # fmt: skip


class Page(HTMLParser):
    """Ids, references and visible text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.used: set[str] = set()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self._quiet = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._quiet += tag in ("style", "script")
        if "id" in given:
            self.ids.append(given["id"])
        for name, value in given.items():
            self.used |= set(re.findall(r"url\(#([^)]+)\)", value))
            if name == "aria-labelledby":
                self.used |= set(value.split())
            if name in ("href", "xlink:href") and value.startswith("#"):
                self.used.add(value[1:])
            elif name in ("src", "srcset", "data", "action", "xlink:href") or (name == "href" and tag != "a"):
                self.loads.append(value)
            elif name == "href":
                self.links.append(value)

    def handle_endtag(self, tag: str) -> None:
        self._quiet -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._quiet:
            self.words.append(data)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Summary, Path]:
    """TOWER with 24 patients, three times."""
    return simulate(
        "TOWER", patients=24, replicates=3, out=tmp_path_factory.mktemp("runs") / "tiny", workers=1
    )


@pytest.fixture(scope="module")
def text(run: tuple[Summary, Path]) -> str:
    return (run[1] / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_every_section_is_there_and_linked(page: Page) -> None:
    assert set(SECTIONS) <= set(page.ids)
    assert set(SECTIONS) - {"summary"} <= page.used


@pytest.mark.parametrize("name", DRAWN)
def test_every_figure_is_inline_and_has_its_files(run: tuple[Summary, Path], page: Page, name: str) -> None:
    assert f"figure-{name}" in page.ids
    folder = run[1] / "figures"
    svg = (folder / f"{name}.svg").read_text(encoding="utf-8")
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    assert len(pl.read_csv(folder / f"{name}.csv", infer_schema_length=None)) > 0
    assert {f"figures/{name}.svg", f"figures/{name}.csv"} <= set(page.links)


def test_figures_are_named_for_readers_who_cannot_see_them(text: str) -> None:
    drawings = re.findall(r"<svg [^>]*>", text)
    assert len(drawings) == len(DRAWN) == len(FIGURES) - 1  # TOWER has no virtual control
    for opening in drawings:
        name = re.search(r'aria-labelledby="(\w+)-title', opening)
        assert 'role="img"' in opening and "viewBox" in opening and name
        assert re.search(
            rf'<title id="{name[1]}-title">[^<]+</title><desc id="{name[1]}-desc">[^<]+</desc>', text
        )


def test_ids_are_unique_and_every_reference_has_its_target(page: Page) -> None:
    assert [i for i, n in Counter(page.ids).items() if n > 1] == []
    assert page.used <= set(page.ids)


def test_nothing_is_loaded_from_anywhere(page: Page, text: str) -> None:
    assert page.loads == []
    assert not re.search(r"https?://|@import|url\((?!#)", text)


def test_text_has_no_traces_of_missing_values(page: Page) -> None:
    shown = " ".join(page.words)
    assert re.findall(r"\bnan\b|\bNone\b|\bNaN\b|\binf\b|\bNULL\b|\$\\\w+|\{\{|\}\}", shown) == []


def test_the_notice_stands_once(text: str) -> None:
    assert text.count("not for individual treatment decisions") == 1


def test_tables_have_captions_and_heads(text: str) -> None:
    tables = re.findall(r"<table.*?</table>", text, flags=re.DOTALL)
    assert len(tables) >= 10
    assert all("<caption>" in t and 'scope="col"' in t and 'scope="row"' in t for t in tables)


def test_the_same_run_gives_the_same_bytes(run: tuple[Summary, Path], tmp_path: Path) -> None:
    summary, folder = run
    again = write_report(summary, tmp_path)
    written = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert again == tmp_path / "report.html" and len(written) == 1 + 2 * len(DRAWN)
    for path in written:
        assert (tmp_path / path).read_bytes() == (folder / path).read_bytes(), path


def test_with_few_replicates_coverage_is_not_judged(page: Page) -> None:
    shown = " ".join(page.words)
    assert "no interval is drawn, so coverage is not judged" in shown
    assert "lie within" not in shown


def helvetica(bold: bool) -> dict[str, float]:
    """Width of each letter at size 1, from the font's own metrics."""
    name = "phvb8a.afm" if bold else "phvr8a.afm"
    metrics = (Path(matplotlib.get_data_path()) / "fonts" / "afm" / name).read_text(encoding="latin-1")
    lines = re.findall(r"^C (\d+) ; WX (\d+) ;", metrics, re.M)
    return {chr(int(code)): int(width) / 1000 for code, width in lines}


@pytest.mark.parametrize("study", ["TOWER", "BLAST", "NCT02003222", "NCT02879695", "NCT03147612"])
def test_what_is_written_in_figures_ends_within_them(study: str, tmp_path: Path) -> None:
    _, folder = simulate(study, patients=20, replicates=2, out=tmp_path / "r", workers=1)
    widths, found = (helvetica(bold=False), helvetica(bold=True)), 0
    for path in (folder / "figures").glob("*.svg"):
        root = ElementTree.parse(path).getroot()
        right = float(root.get("viewBox", "").split()[2])
        for text in root.iter("{http://www.w3.org/2000/svg}text"):
            style, words = text.get("style", ""), "".join(text.itertext())
            size = re.search(r"font(?:-size)?:[^;]*?([\d.]+)px", style)
            if not size or not text.get("x") or "rotate(-0 " not in text.get("transform", ""):
                continue
            width = widths["font-weight: 700" in style]
            long = float(size[1]) * sum(width.get(letter, 0.6) for letter in words)
            at = float(text.get("x", "")) - long * (0.5 * ("middle" in style) + ("anchor: end" in style))
            assert -1 <= at and at + long <= right + 1, (path.name, words)
            found += 1
    assert found > 50


def test_a_trial_without_a_published_study_has_no_comparison(
    run: tuple[Summary, Path], tmp_path: Path
) -> None:
    own = replace(run[0], published=[])
    page = Page(write_report(own, tmp_path).read_text(encoding="utf-8"))
    assert "comparison" not in page.ids and "survival" in page.ids
    assert not (tmp_path / "figures" / "comparison.svg").exists()
    assert "published median" not in " ".join(page.words)


def test_failures_are_counted_with_their_reason(run: tuple[Summary, Path], tmp_path: Path) -> None:
    failed = [{"replicate": 0, "patient": n, "day": 3, "reason": "left the range"} for n in (1, 2)]
    text = write_report(replace(run[0], failures=failed), tmp_path).read_text(encoding="utf-8")
    assert "2 patients failed" in text and "2 patients: left the range" in text


def test_names_are_escaped(run: tuple[Summary, Path], tmp_path: Path) -> None:
    trial = run[0].trial.model_copy(update={"name": "<b>A & B</b>"})
    text = write_report(replace(run[0], trial=trial), tmp_path).read_text(encoding="utf-8")
    assert "&lt;b&gt;A &amp; B&lt;/b&gt;" in text and "<b>A" not in text


def test_a_warning_stands_at_the_head(run: tuple[Summary, Path], tmp_path: Path) -> None:
    assert "Warning:" not in (run[1] / "report.html").read_text(encoding="utf-8")
    trial = run[0].trial
    cohort = trial.cohort.model_copy(update={"t315i": 0.27})
    own = replace(run[0], trial=trial.model_copy(update={"cohort": cohort}))
    page = Page(write_report(own, tmp_path).read_text(encoding="utf-8"))
    text = " ".join(page.words)
    assert text.index("no Ph-positive patients") < text.index("Research use")
