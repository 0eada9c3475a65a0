"""Every kind of mistake has its sentence, at its line and column, and none hides another."""

from __future__ import annotations

import pytest

from engager.documents import DocumentError, read_yaml
from engager.regimens import regimen_from

PLAN = """\
name: test
cycles:
  - cycle: one
    length: 42 days
    doses:
      - {drug: blinatumomab, dose: 9 µg/day, days: 1-7}
      - {drug: blinatumomab, dose: 28 µg/day, days: 8-28}
    assess: [29, 42]
rules:
  - {on: CRS, grade: 3, do: hold, for: 7 days, restart: 9 µg/day, restart_for: 7 days}
  - {on: no response, after: 1 cycle, do: stop}
  - {on: dose rise, do: premedicate, drug: dexamethasone, dose: 20 mg}
"""


def problems(text: str) -> list[str]:
    """What is said about ``text``, without the name of the file."""
    with pytest.raises(DocumentError) as error:
        regimen_from(read_yaml(text, name="f"))
    return [str(problem).removeprefix("f:") for problem in error.value.problems]


def test_the_plan_itself_is_fine() -> None:
    assert regimen_from(read_yaml(PLAN)).length == 42


ONE = [
    # doses
    (
        "drug: blinatumomab, dose: 9",
        "drug: blinatumomb, dose: 9",
        "6:16 drug: 'blinatumomb' is not a known drug; did you mean 'blinatumomab'?",
    ),
    ("9 µg/day, days", "9 µk/day, days", "6:36 dose: unknown unit 'µk'"),
    ("9 µg/day, days", "9, days", "6:36 dose: 9 has no unit; write a number with its unit, as in '1 µg/day'"),
    ("9 µg/day, days", "-9 µg/day, days", "6:36 dose: -9 µg/day is negative; a dose is more than 0"),
    (
        "9 µg/day, days",
        "0 µg/day, days",
        "6:36 dose: 0 µg/day is no dose; delete the line, a day without a line has no drug",
    ),
    ("9 µg/day, days", "inf µg/day, days", "6:36 dose: 'inf µg/day' is not finite"),
    ("9 µg/day, days", "nan µg/day, days", "6:36 dose: 'nan µg/day' is not finite"),
    ("9 µg/day, days", "1e308 mg/day, days", "6:36 dose: 1e+308 mg/day is too large"),
    ("9 µg/day, days", ", days", "6:30 dose: nothing is given; write a dose with its unit, as in '1 µg/day'"),
    (
        "9 µg/day, days",
        "[9], days",
        "6:36 dose: a dose is a number with its unit, as in '1 µg/day', not a list",
    ),
    ("dose: 9 µg/day, ", "", "6:9 key 'dose' is missing"),
    ("9 µg/day, days", "9 µg, days", "6:36 dose: '9 µg' is in µg; a unit like µg/day or µg/m²/day is needed"),
    ("9 µg/day, days", "9 µg/m²/day, days", "7:9 blinatumomab is given in µg/m²/day and in µg/day; use one"),
    (
        "days: 1-7}",
        "days: 1-7, times: 2}",
        "6:64 times: blinatumomab runs at a rate all day; 'times' is for single doses",
    ),
    ("days: 1-7}", "days: 1-7, times: 0}", "6:64 times: 0 is not a number of times a day from 1 to 24"),
    ("days: 1-7}", "day: 1-7}", "6:51 unknown key 'day'; did you mean 'days'?"),
    ("days: 1-7}", "days: 1-7, source: }", "6:57 source: nothing is given; write a word or a sentence"),
    # days
    (", days: 1-7}", "}", "6:9 key 'days' is missing"),
    ("days: 1-7", "days: 7-1", "6:52 days: '7-1' runs backwards; the first day comes first, as in '1-7'"),
    ("days: 1-7", "days: 0-7", "6:52 days: '0-7': the first day of a cycle is day 1"),
    ("days: 1-7", "days: -3", "6:52 days: '-3': the first day of a cycle is day 1"),
    ("days: 1-7", "days: 1.5", "6:52 days: 1.5 is not a day; write days as 8, '1-7' or [1, 8, 15]"),
    ("days: 1-7", "days: daily", "6:52 days: 'daily' is not days; write days as 8, '1-7' or [1, 8, 15]"),
    ("days: 1-7", "days: [1, 2, 2]", "6:52 days: day 2 stands twice in [1, 2, 2]"),
    ("days: 1-7", "days: []", "6:52 days: no day is given; write days as 8, '1-7' or [1, 8, 15]"),
    ("days: 1-7", "days: true", "6:52 days: True is not a day; write days as 8, '1-7' or [1, 8, 15]"),
    ("days: 8-28", "days: 8-", "7:53 days: '8-' never ends; write the last day too, as in '8-28'"),
    (
        "days: 8-28",
        "days: 8 onwards",
        "7:53 days: '8 onwards' never ends; write the last day too, as in '8-28'",
    ),
    (
        "days: 8-28",
        "days: 8-999999",
        "7:53 days: '8-999999': day 999999 is after day 3650, the last that is read",
    ),
    ("days: 8-28", "days: 8-50", "7:9 blinatumomab on day 8-50 lies outside the cycle, which ends on day 42"),
    (
        "days: 8-28",
        "days: 7-28",
        "7:9 blinatumomab 28 µg/day on day 7-28 overlaps blinatumomab 9 µg/day on day 1-7 (both on day 7)",
    ),
    # cycles
    ("42 days", "42", "4:13 length: 42 has no unit; write a number with its unit, as in '1 day'"),
    ("42 days", "42 mg", "4:13 length: '42 mg' is in mg; a unit like day is needed"),
    ("42 days", "0 days", "4:13 length: 0 days is not between 1 and 3650 days"),
    ("42 days", "-42 days", "4:13 length: -42 days is not between 1 and 3650 days"),
    ("42 days", "4000 days", "4:13 length: 4000 days is not between 1 and 3650 days"),
    ("42 days", "1 month", "4:13 length: '1 month' is 30.4375 days; a whole number of days is needed"),
    ("42 days\n", "42 days\n    repeat: 0\n", "5:13 repeat: 0 is not a whole number of times from 1"),
    ("42 days\n", "42 days\n    repeat: 2.5\n", "5:13 repeat: 2.5 is not a whole number of times from 1"),
    (
        "42 days\n",
        "42 days\n    repeat: 999999999999\n",
        "5:13 repeat: 41999999999958 days in all; at most 3650 are read",
    ),
    ("[29, 42]", "[29, 43]", "8:13 assess: day 43 lies outside the cycle, which ends on day 42"),
    ("[29, 42]", "[0]", "8:13 assess: '0': the first day of a cycle is day 1"),
    ("- cycle: one", "- cycle:", "3:5 cycle: nothing is given; write a word or a sentence"),
    ("name: test\n", "", "1:1 key 'name' is missing"),
    ("name: test", "nam: test", "1:6 unknown key 'nam'; did you mean 'name'?"),
    # rules
    ("on: CRS", "on: CSR", "10:10 on: 'CSR' is not known; did you mean 'CRS'?"),
    ("do: hold", "do: halt", "10:29 do: 'halt' does not answer 'CRS'; allowed: hold, stop"),
    (
        "1 cycle, do: stop",
        "1 cycle, do: hold",
        "11:43 do: 'hold' does not answer 'no response'; allowed: stop",
    ),
    ("on: CRS, ", "", "10:5 key 'on' is missing"),
    (" for: 7 days,", "", "10:5 key 'for' is missing"),
    (", restart_for: 7 days", "", "10:5 restart has no duration; add how long, as in 'restart_for: 7 days'"),
    (" restart: 9 µg/day,", "", "10:5 restart_for has no dose; add the dose, as in 'restart: 9 µg/day'"),
    (
        "restart: 9 µg/day",
        "restart: 9 mg",
        "10:57 restart: '9 mg' is in mg; a unit like µg/day or µg/m²/day is needed",
    ),
    (
        "restart: 9 µg/day",
        "restart: 9 µg/m²/day",
        "10:5 restart: 9 µg/m²/day, but the infusion is in µg/day; use that",
    ),
    (
        "for: 7 days,",
        "for: 7 days, restart_share: 60,",
        "10:63 restart_share: 60 is not a share of patients above 0 and up to 1",
    ),
    ("grade: 3", "grade: 5", "10:22 grade: grade 5 is not between 1 and 4"),
    ("grade: 3", "grade: 3, occurence: 1", "10:36 unknown key 'occurence'; did you mean 'occurrence'"),
    (
        "1 cycle",
        "two cycles",
        "11:30 after: 'two cycles' is not a number of cycles from 1; write it as in '2 cycles'",
    ),
    ("after: 1 cycle, ", "", "11:5 key 'after' is missing"),
    (
        "after: 1 cycle",
        "after: 2 cycles",
        "11:5 a rule for no response after 2 cycles can never fire: the regimen has 1 cycle",
    ),
    (
        "[29, 42]",
        "[29]",
        "11:5 a rule for no response can never fire: it is judged in the marrow on the last day of a cycle, "
        "and no cycle has an assessment there; add that day to 'assess'",
    ),
    (
        "{on: no response, after: 1 cycle, do: stop}",
        "{on: CRS, grade: 2, do: stop}",
        "10:5 a rule for CRS of grade 3, occurrence 1 can never fire: another rule always answers before it",
    ),
    (
        "dose: 20 mg",
        "dose: 20 µg/day",
        "12:65 dose: '20 µg/day' is in µg/day; a unit like mg or mg/m² is needed",
    ),
    (
        "{on: no response, after: 1 cycle, do: stop}",
        "stop",
        "11:5 a rule is a mapping, as in '{on: relapse, do: stop}'",
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), ONE, ids=[new or f"no {old}" for old, new, _ in ONE])
def test_one_mistake_one_sentence(old: str, new: str, said: str) -> None:
    assert PLAN.count(old) >= 1
    found = problems(PLAN.replace(old, new, 1))
    assert any(line.startswith(said) for line in found), found
    # a misspelt key is also a missing one; beyond that, nothing that is not wrong is complained of
    assert len(found) <= (2 if "unknown key" in said else 1), found


def test_the_same_rule_twice() -> None:
    assert problems(PLAN + "  - {on: CRS, grade: 3, do: stop}\n") == [
        "13:5 a second rule for CRS of grade 3, occurrence 1; keep one (the first is at line 10)"
    ]


def test_two_lines_for_one_drug_and_day() -> None:
    text = """\
name: x
cycles:
  - cycle: one
    length: 21 days
    doses:
      - {drug: cytarabine, dose: 1 g/m², days: 1-5}
      - {drug: fludarabine, dose: 30 mg/m², days: 1-5}
      - {drug: cytarabine, dose: 2 g/m², days: [3, 8]}
"""
    assert problems(text) == [
        "8:9 cytarabine 2 g/m² on day 3, 8 overlaps cytarabine 1 g/m² on day 1-5 (both on day 3)"
    ]


def test_no_dose_at_all() -> None:
    assert problems("name: x\ncycles:\n  - {cycle: a, length: 6 weeks}\n") == [
        "3:3 no drug is given on any day; add a line to the doses of a cycle"
    ]
    assert problems("name: x\ncycles: []\n") == ["2:9 a regimen has at least one cycle"]
    assert problems("name: x\n") == ["1:1 key 'cycles' is missing"]


def test_all_cycles_together_too_long() -> None:
    text = PLAN.replace("42 days\n", "42 days\n    repeat: 80\n") + "name2: x\n"
    more = "  - {cycle: long, length: 3000 days}\nrules:\n"
    assert problems(text.replace("rules:\n", more)) == [
        "3:3 all cycles together last 6360 days; at most 3650 are read",
        "15:8 unknown key 'name2'; did you mean 'name'?",
    ]


def test_a_restart_without_an_infusion() -> None:
    text = PLAN.replace("dose: 9 µg/day", "dose: 1 mg/m²").replace("dose: 28 µg/day", "dose: 1 mg/m²")
    assert problems(text.replace("drug: blinatumomab", "drug: clofarabine")) == [
        "10:5 restart: 9 µg/day, but the regimen has no infusion to restart"
    ]


def test_rules_for_events_of_an_infusion_that_is_not_given() -> None:
    text = PLAN.replace("dose: 9 µg/day, days", "dose: 1 mg/m², days").replace(
        "dose: 28 µg/day", "dose: 1 mg/m²"
    )
    text = text.replace("drug: blinatumomab", "drug: clofarabine").replace(
        ", restart: 9 µg/day, restart_for: 7 days", ""
    )
    assert problems(text) == [
        "10:5 a rule for CRS can never fire: the regimen has no infusion",
        "12:5 a rule for dose rise can never fire: the regimen has no infusion",
    ]


def test_a_rule_that_fires_on_every_day() -> None:
    text = """\
name: x
cycles:
  - cycle: one
    length: 2 days
    doses:
      - {drug: blinatumomab, dose: 9 µg/day, days: 1}
      - {drug: blinatumomab, dose: 28 µg/day, days: 2}
rules:
  - {on: dose rise, do: premedicate, drug: dexamethasone, dose: 20 mg}
"""
    assert problems(text) == [
        "9:5 a rule for dose rise fires on every day: the infusion rate never stays the same"
    ]
    assert regimen_from(read_yaml(text.replace("length: 2", "length: 3"))).rises() == (1, 2)


def test_inotuzumab_without_a_schedule() -> None:
    line = "      - {drug: inotuzumab ozogamicin, dose: 0.8 mg/m², days: 1}\n"
    text = PLAN.replace("    assess", line + "    assess")
    assert "inotuzumab ozogamicin" in regimen_from(read_yaml(text)).drugs
    assert problems(text.replace(", days: 1}", "}")) == ["8:9 key 'days' is missing"]
    assert problems(text.replace("0.8 mg/m²", "")) == [
        "8:39 dose: nothing is given; write a dose with its unit, as in '1 mg/m²'"
    ]


def test_a_dose_that_reaches_into_the_next_cycle() -> None:
    # cycles follow each other, so what would overlap is a dose outside its own cycle
    assert problems(PLAN.replace("42 days", "21 days").replace("[29, 42]", "[21]")) == [
        "7:9 blinatumomab on day 8-28 lies outside the cycle, which ends on day 21"
    ]


def test_an_infusion_that_cannot_be_read_is_not_called_missing() -> None:
    text = PLAN.replace("dose: 9 µg/day, days", "dose: 1 mg/m², days").replace("dose: 28 µg", "dose: 28 µk")
    text = text.replace("drug: blinatumomab, dose: 1", "drug: clofarabine, dose: 1")
    assert [line.split(" ")[0] for line in problems(text)] == ["7:36"]


@pytest.mark.parametrize("text", ["", "3", "[1, 2]", "just words"])
def test_not_a_regimen(text: str) -> None:
    assert "must be a mapping of keys to values" in problems(text)[0]


def test_parts_of_a_wrong_kind() -> None:
    assert problems("name: x\ncycles: 3\nrules: 4\nassumptions: no idea\nsources: [1, null]\n") == [
        "2:9 cycles: 3: input should be a valid list",
        "3:8 rules: 4: input should be a valid list",
        "4:14 assumptions: 'no idea': input should be a valid list",
        "5:14 nothing is given; write a word or a sentence",
    ]
    assert problems("name: x\ncycles: [foo, {cycle: 1, length: 3 days, doses: [5]}]\n") == [
        "2:10 must be a mapping of keys to values, not a str",
        "2:50 must be a mapping of keys to values, not a int",
    ]


def test_all_at_once() -> None:
    text = (
        PLAN.replace("blinatumomab, dose: 9", "blinatumomb, dose: 9")
        .replace("days: 8-28", "days: 8-")
        .replace("[29, 42]", "[29, 43]")
        .replace("on: CRS", "on: CSR")
        .replace("dose: 20 mg", "dose: 0 mg")
    )
    assert [line.split(" ")[0] for line in problems(text)] == ["6:16", "7:53", "8:13", "10:10", "12:65"]


def test_a_part_of_a_bigger_document_keeps_its_place() -> None:
    nested = "arms:\n  - regimen:\n" + "".join(f"      {line}\n" for line in PLAN.splitlines())
    assert regimen_from(read_yaml(nested), ("arms", 0, "regimen")).length == 42
    with pytest.raises(DocumentError) as error:
        wrong = nested.replace("days: 7-", "days: 8-").replace("days: 8-28", "days: 28-8")
        regimen_from(read_yaml(wrong, name="trial.yaml"), ("arms", 0, "regimen"))
    assert str(error.value).startswith("trial.yaml:9:59 days: '28-8' runs backwards")


def test_a_file_that_would_fill_the_memory_is_refused_early() -> None:
    line = "      - {drug: clofarabine, dose: 1 mg/m², days: 1-3650}\n"
    head = "name: x\ncycles:\n  - cycle: a\n    length: 3650 days\n    doses:\n"
    assert problems(head + line * 1001) == ["3:5 more than 1000 lines of doses; no regimen needs so many"]
