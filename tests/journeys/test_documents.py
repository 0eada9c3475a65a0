"""What the README and the guide tell a user to type works, and links lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def commands():
    """Commands of all console blocks in order; `make` needs a checkout of its own and is run by CI."""
    lines = [line for page in PAGES for block in blocks(page, "console") for line in block.splitlines()]
    typed = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return [line for line in typed if not line.startswith("make")]


def named_files():
    """YAML blocks that begin with the name of a file: a reader has written them before typing on."""
    found = [block.partition("\n") for page in PAGES for block in blocks(page, "yaml")]
    return [(first.removeprefix("# "), rest) for first, _, rest in found if first.endswith(".yaml")]


@pytest.mark.slow
def test_every_command_of_the_documents_runs(tmp_path):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    typed = commands()
    assert len(typed) >= 9
    for name, text in named_files():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for line in typed:
        done = subprocess.run(
            line, shell=True, cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True
        )
        assert done.returncode == 0, (line, done.stderr)


@pytest.mark.slow
def test_every_python_block_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = [block for page in PAGES for block in blocks(page, "python")]
    assert found
    for block in found:
        exec(compile(block, "README.md", "exec"), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("http") or (page.parent / target).exists(), target


def test_the_make_targets_that_are_named_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in PAGES:
        for target in re.findall(r"`?make ([a-z-]+)`?", page.read_text(encoding="utf-8")):
            if target not in ("sure",):
                assert re.search(rf"^{target}:", makefile, re.MULTILINE), (page.name, target)


def test_the_score_is_told_as_it_is_drawn():
    drawn = (ROOT / "docs" / "images" / "scoreboard.svg").read_text(encoding="utf-8")
    inside = dict(
        re.findall(r"<text[^>]*>(Predicted|Calibrated|Informed), [^<]*?: (\d+ of \d+) inside", drawn)
    )
    assert set(inside) == {"Predicted", "Calibrated", "Informed"}
    readme, limits = (
        re.sub(r"\s+", " ", page.read_text(encoding="utf-8")) for page in (PAGES[0], ROOT / "docs/limits.md")
    )
    fitted, all_fitted = inside["Calibrated"].split(" of ")
    assert f"{inside['Predicted']} numbers that were never fitted lie inside" in readme
    assert f"{inside['Predicted']} predicted numbers lie inside" in limits
    assert (
        f"{inside['Informed']} informed ones" in limits
        and f"{fitted} of {all_fitted} calibrated ones" in limits
    )
