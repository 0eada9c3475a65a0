"""The house: import contracts hold, the map in the README is the tree, random numbers come from one place."""

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "engager"


def test_imports_go_down_the_stairs():
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_random_numbers_come_from_one_file():
    for path in SOURCE.rglob("*.py"):
        if path == SOURCE / "engine" / "streams.py":
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\b(np|numpy)\.random\b|\bimport random\b|default_rng", text), path


def test_the_readmes_map_names_every_room():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    named = set(re.findall(r"`(\w+)/`", readme))
    assert rooms <= named


def test_every_module_says_what_it_is():
    for path in SOURCE.rglob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path
