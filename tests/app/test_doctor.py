"""The doctor: a self-test that passes here, and that fails when the model is not the model."""

from engager.app import doctor
from engager.model.system import rates


def test_all_is_well_here():
    health = doctor.examine()
    assert health.well and len(health.tests) == len(doctor.CASES) + 1
    assert health.versions["jaxlib"] and "devices" in health.facts and "compilation cache" in health.facts


def test_a_changed_equation_is_found(monkeypatch):
    def changed(y, x, p, xp):
        production, loss = rates(y, x, p, xp)
        return production._replace(I6=production.I6 * 1.2), loss

    monkeypatch.setattr(doctor, "rates", changed)
    found = doctor.known_answer("bulky_relapse")
    assert not found.well and "I6" in found.message


def test_what_is_not_a_number_is_not_well(monkeypatch):
    monkeypatch.setattr(doctor, "concentration", lambda C, *_: C + float("nan"))
    assert not doctor.known_answer("mrd_cr1").well


def test_an_unwritable_cache_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("ENGAGER_CACHE", str(tmp_path / "file" / "within"))
    (tmp_path / "file").write_text("")
    assert "not writable" in doctor._writable()
