"""The names of the relay's counters, for the tests of what reads them on either cloud."""

import pathlib
import re

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "shared/relay/src/counters.rs"


def counter_names():
    names = re.search(r"METRIC_NAMES[^=]*= \[(.*?)\];", SOURCE.read_text(encoding="utf-8"), re.DOTALL)
    return re.findall(r'"(\w+)"', names[1])
