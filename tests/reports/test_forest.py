"""The forest plot: every row is there, pooled or greyed, and nothing lies on anything else."""

import xml.etree.ElementTree as ET

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from engager.documents import DocumentError
from engager.inference.pooling import pool
from engager.reports import style
from engager.reports.forest import draw, forest_svg, lines_of

SVG = "{http://www.w3.org/2000/svg}"
ASKED = {
    "CR": {"by": "setting"},
    "mrd_response": {"by": "population"},
    "OS": {},
    "crs_grade_3": {"treatment": "any"},
    "transplant": {"together": True},
}


@pytest.fixture(scope="module", params=ASKED)
def pooled(request):
    return pool(request.param, **ASKED[request.param])


def test_svg_is_the_same_every_time_and_holds_every_number(pooled):
    svg = forest_svg(pooled)
    assert svg == forest_svg(pooled)
    root = ET.fromstring(svg)
    assert root.get("role") == "img" and pooled.label in root.find(f"{SVG}title").text
    told = " ".join("".join(node.itertext()) for node in root.iter(f"{SVG}text"))
    for s in pooled.syntheses:
        for row in s.rows:
            assert row.study in told and row.study in root.find(f"{SVG}desc").text
        for note in s.notes:
            assert note.split()[0] in told


def test_every_row_of_a_whole_arm_has_its_line(pooled):
    for s in pooled.syntheses:
        lines = lines_of(s, pooled.left)
        assert [line.name for line in lines if line.kind == "study"] == [row.study for row in s.rows]
        assert [line.name for line in lines if line.kind == "group"] == [group.name for group in s.groups]
        greyed = [
            r
            for r in pooled.left
            if r.quantity == s.quantity and s.setting in ("", r.setting)
            if r.value is not None and not r.result.subgroup
        ]
        assert [line.name for line in lines if line.kind == "left"] == [row.study for row in greyed]


def test_texts_do_not_overlap_and_stay_on_the_sheet(pooled):
    with style.styled():
        sheet = draw(pooled)
        renderer = FigureCanvasAgg(sheet).get_renderer()
        sheet.draw_without_rendering()  # places the labels of axes
        texts = [t for axes in sheet.axes for t in axes.texts if t.get_text()] + sheet.texts
        texts += [axes.xaxis.label for axes in sheet.axes]
        boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in texts]
    whole = sheet.bbox
    for i, (name, box) in enumerate(boxes):
        assert box.x0 >= whole.x0 and box.x1 <= whole.x1 + 2 and box.y0 >= whole.y0 and box.y1 <= whole.y1, (
            name
        )
        for other, beside in boxes[:i]:
            apart = (
                box.x0 >= beside.x1
                or beside.x0 >= box.x1
                or box.y0 >= beside.y1 - 1
                or beside.y0 >= box.y1 - 1
            )
            assert apart, (name, other)


def test_nothing_to_draw_is_said():
    with pytest.raises(DocumentError, match="nothing to draw"):
        forest_svg(pool("age"))
