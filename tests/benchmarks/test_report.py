"""The table, and the figures beside it."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from benchmarks.__main__ import arguments
from benchmarks.report import aligned, table
from benchmarks.results import AIOKAFKA, FAUST, QUICK, QUIX, Options, Result
from tests.benchmarks.made import MACHINE, PEERS, result, round_of

TABLE = """\
Vedette and its peers on the same 300,000 events of 448 bytes (1,000 people, 1,000 a second of event time, seed 7; \
warm-up 10%; one round; ingest in 2 processes)
2 cores of Test CPU, 8 GiB, Linux 6.1, Python 3.11.7, load 0.1 at the start

                                           events/s  CPU µs/event  peak MiB  events measured  seconds
aiokafka, fetch and decode                  270,000           3.0        60          270,000      1.0
stock Faust, agent that does nothing          6,000         154.0        80          150,000     25.0
Quix Streams, dataframe that does nothing   100,000          10.0       100          270,000      2.7
Vedette whole                                30,000          50.0       500          270,000      9.0

Vedette whole in events/s = 5.00 × stock Faust, 0.30 × Quix Streams
Vedette whole in events per second of CPU time = 3.08 × stock Faust, 0.20 × Quix Streams

Vedette by role  ingest  detect   api  notify  store  broker
CPU µs/event       10.0    10.0  10.0    10.0   10.0    10.0
peak MiB            100     100   100     100    100     100

stored, events/s                                     40,000
judged, events/s                                     36,000
then settling and committing, s                         1.2
late, settled from the store, activities              1,234
alerts of the backlog                                    12
disk, bytes per stored event: table of events           224
disk, bytes per stored event: all tables                240
event to alert at 14,990 events/s, median of 135, s    1.50
event to alert, p99, s                                 2.50
event to alert, worst, s                               2.75

stage                CPU µs  handled
decode, per event      2.50   50,000
judge, per delivery   12.25   37,571

1. The peers do no work at all: aiokafka decodes and drops, Faust and Quix read raw bytes and drop them.
   Vedette normalises, stores,"""


def test_the_table_says_every_figure_with_its_unit() -> None:
    assert table(result()).startswith(TABLE)


def test_a_busy_machine_is_said() -> None:
    busy = msgspec.structs.replace(MACHINE, load=3.0)
    assert "Others were at work on this machine" in table(result(machine=busy))
    assert "Others were at work on this machine" not in table(result())


def test_ratios_are_those_of_the_rounds_with_the_median_rate() -> None:
    found = result(round_of(60_000.0), round_of(30_000.0), round_of(24_000.0))
    assert (found.ratio_stock_faust, found.ratio_quix, found.ratio_aiokafka) == (5.0, 0.3, 0.111)
    assert (found.cpu_ratio_stock_faust, found.cpu_ratio_quix) == (3.08, 0.2)


def test_a_peer_that_is_not_installed_has_no_ratio() -> None:
    found = result(round_of(30_000.0, {name: PEERS[name] for name in (AIOKAFKA, FAUST)}))
    assert found.ratio_quix is None
    assert "not installed" in table(found)
    assert "Vedette whole in events/s = 5.00 × stock Faust\n" in table(found)


def test_a_ratio_counts_only_rounds_in_which_the_peer_ran() -> None:
    slow = dataclasses.replace(PEERS[QUIX], per_second=50_000.0)
    found = result(round_of(30_000.0, {QUIX: slow}), round_of(30_000.0, {}))
    assert (found.ratio_quix, found.ratio_stock_faust, found.cpu_ratio_stock_faust) == (0.6, None, None)


def test_the_figures_survive_the_way_through_json() -> None:
    found = msgspec.json.decode(msgspec.json.encode(result()), type=Result)
    assert table(found) == table(result())


def test_the_first_column_stands_left_and_the_others_right() -> None:
    assert aligned([("", "rate"), ("abc", "1")]) == ["     rate", "abc     1"]


def test_options_are_the_defaults_with_what_was_asked() -> None:
    assert arguments([])[0] == Options()
    assert arguments(["--quick"])[0] == QUICK
    asked, file = arguments(["--events", "20000", "--rounds", "3", "--json", "x.json"])
    assert asked == msgspec.structs.replace(Options(), events=20_000, rounds=3)
    assert str(file) == "x.json"


def test_too_few_events_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(["--events", "10"])
    assert "take at least one round of 1,000 events" in capsys.readouterr().err
