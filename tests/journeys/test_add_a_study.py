"""The guide "Add a study", typed as it stands: its file, its commands, and what it says they print."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = (Path(__file__).parents[2] / "docs" / "add-a-study.md").read_text(encoding="utf-8")
CONSOLE = re.findall(r"```console\n(.*?)```", GUIDE, re.DOTALL)
FILE = re.search(r"```yaml\n# (\S+)\n(.*?)```", GUIDE, re.DOTALL)


def run(line, folder):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "COLUMNS": "120"}
    return subprocess.run(line, shell=True, cwd=folder, env=env, capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / FILE[1]).write_text(FILE[2], encoding="utf-8")
    return tmp_path


def test_every_command_prints_what_the_guide_says(folder):
    assert len(CONSOLE) >= 3
    for block in CONSOLE:
        command, _, shown = block.removeprefix("$ ").partition("\n")
        done = run(command, folder)
        assert done.returncode == 0, done.stderr
        lines = [line.rstrip() for line in done.stdout.splitlines()]
        assert not shown or lines == [line.rstrip() for line in shown.splitlines()]


def test_the_wrong_digit_that_the_guide_names_is_found(folder):
    text = FILE[2].replace("n: 27", "n: 28")
    (folder / "wrong.yaml").write_text(text, encoding="utf-8")
    done = run("engager evidence check wrong.yaml", folder)
    assert done.returncode == 1
    assert "28/70 = 40.00 %, 39 % is printed" in done.stdout and "27 of 70 would" in done.stdout


def test_all_mistakes_of_a_file_are_told_at_once(folder):
    text = (
        FILE[2]
        .replace("N: 70", "N: 20")
        .replace("relapsed\nph", "relapse\nph")
        .replace("week 1, p", "week 1, q")
    )
    (folder / "wrong.yaml").write_text(text, encoding="utf-8")
    done = run("engager evidence check wrong.yaml", folder)
    assert done.returncode == 2
    assert len(re.findall(r"^wrong\.yaml:\d+:\d+ ", done.stderr, re.MULTILINE)) >= 3
    assert "n: 27 is more than N 20" in done.stderr and "did you mean 'relapsed'" in done.stderr
