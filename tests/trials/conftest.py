"""One small conduct of TOWER, shared by the tests of this folder (the program compiles once)."""

from types import SimpleNamespace

import pytest

from engager.trials import trial
from engager.trials.conduct import conduct
from engager.trials.enrol import enrol
from engager.trials.history import history
from engager.trials.shards import setup


@pytest.fixture(scope="session")
def tower():
    s = setup(trial("TOWER"), 1)
    e = enrol(s.trial, s.low, s.values, 1, 0, range(500))
    c = conduct(s.trial, s.low, s.values, e.entrant, 8)
    return SimpleNamespace(setup=s, enrolled=e, courses=c, tables=history(s.trial, s.low, e, c, s.values, 50))
