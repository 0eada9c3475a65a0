"""A small trial in which a slip of the unit makes a share of the patients impossible to compute."""

from __future__ import annotations

from pathlib import Path

TRIAL = """\
trial: unit slip
patients: 300
cohort:
  setting: relapsed
  blasts: {distribution: logit-normal, at_least_half: 0.75, sd: 1.5}
  lines: {"1": 1}
  prior_transplant: 0
  age: {median: 37 years, lowest: 18 years, highest: 80 years, sd: 0.42}
response: {overall: remission_crh_cri, window: 12 weeks}
visits: {days: [1, 15, 29], marrow_window: 3 days, assay: {limit: 0.0001, cells: 100000}}
follow_up: {accrual: 1 month, after_last: 3 months}
arms:
  only:
    allocation: 1
    transplant: {share: 0, delay: 50 days, below: 70 years}
    regimens:
      - {share: RIGHT, regimen: blinatumomab-tower}
      - share: WRONG
        regimen:
          name: overdose
          cycles:
            - cycle: one
              length: 28 days
              doses:
                - {drug: blinatumomab, dose: 9 µg/day, days: 1-7, source: assumed}
                - {drug: blinatumomab, dose: 1e25 µg/day, days: 8-28, source: assumed}
              assess: [28]
"""


def unit_slip(folder: Path, share: float) -> Path:
    """Write the trial, with ``share`` of the patients on a dose that leaves the range of 32-bit numbers on day 8."""
    path = folder / "slip.yaml"
    path.write_text(TRIAL.replace("RIGHT", str(1 - share)).replace("WRONG", str(share)), encoding="utf-8")
    return path
