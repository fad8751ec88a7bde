"""The table that people read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap

from benchmarks.results import PEERS, Result

_NOTES = (
    "The peers do no work at all: aiokafka decodes and drops, Faust and Quix read raw bytes and drop them. Vedette "
    "normalises, stores, judges and commits: its rate ends when every event is stored and judged, no subject waits to "
    "be settled, and ingest and detect have committed their offsets.",
    "One peer is one process on one core; Vedette is detect, API, notify, store and as many processes of ingest as are "
    "said above, beside the same broker. CPU per event is a peer's own process, and for Vedette all roles and the "
    "store; the broker is left out of both and shown by role.",
    "The start of a consumer and the warm-up are left out of every row. A slow peer is stopped early: fewer of its "
    "events are measured. Peers read the topic after Vedette has, with the half load's events behind the backlog.",
    "Stock Faust has its default settings (an ack per event, commits every 2.8 s, cython_optimizations off), without "
    "web server and leader topic; one raw message per event. Quix has its default settings, at-least-once.",
    "An alert's delay runs from occurred_at of the event that opens it to the time of its row in the store; the events "
    "come from a producer on the same cores.",
    "Stages were measured in one process, without Kafka and store, and do not add up: normalise includes identify "
    "(the id and the digest of a record, alike for every source); judge includes the steps of its detectors. A "
    "source's records are measured behind five times as many of the same people; the first ones, which are learnt "
    "from, stand apart.",
)  # fmt: skip


def table(result: Result) -> str:
    """Every figure with its unit, what it was measured on, and below it what cannot be compared."""
    o = result.options
    head = [
        f"Vedette and its peers on the same {o.events:,} events of {result.bytes_each:.0f} bytes "
        f"({o.actors:,} people, {o.per_second:,} a second of event time, seed {o.seed}; "
        f"warm-up {o.warm_up:.0%}; {_rounds(o.rounds)}; ingest in {o.readers} processes)",
        result.machine.line(),
    ]
    if result.machine.busy:
        head.append("Others were at work on this machine: the rates are too low, and the ratios are rough.")
    parts = [head, _rows(result), _ratios(result), _roles(result), _single(result), _stages(result)]
    notes = [line for n, note in enumerate(_NOTES, 1) for line in _wrapped(n, note)]
    return "\n\n".join("\n".join(part) for part in [*parts, notes] if part) + "\n"


def _wrapped(number: int, note: str) -> list[str]:
    return wrap(f"{number}. {note}", 110, subsequent_indent="   ", break_on_hyphens=False)


def _rounds(number: int) -> str:
    return "one round" if number == 1 else f"of each row the median of {number} rounds"


def _rows(result: Result) -> list[str]:
    whole = result.vedette.flat_out
    lines = [("", "events/s", "CPU µs/event", "peak MiB", "events measured", "seconds")]
    for name, title in PEERS.items():
        peer = result.peers.get(name)
        if peer is None:
            lines.append((title, "not installed", "", "", "", ""))
        else:
            rate, cpu = f"{peer.per_second:,.0f}", f"{peer.cpu_us:,.1f}"
            lines.append((title, rate, cpu, f"{peer.peak_mb:,.0f}", f"{peer.events:,}", f"{peer.seconds:,.1f}"))
    peak = sum(mb for role, mb in result.vedette.peak_mb.items() if role != "broker")
    rate, cpu = f"{whole.whole:,.0f}", f"{result.vedette.cpu_us:,.1f}"
    lines.append(("Vedette whole", rate, cpu, f"{peak:,.0f}", f"{whole.events:,}", f"{whole.seconds:,.1f}"))
    return aligned(lines)


def _ratios(result: Result) -> list[str]:
    found = (
        ("in events/s", result.ratio_stock_faust, result.ratio_quix),
        ("in events per second of CPU time", result.cpu_ratio_stock_faust, result.cpu_ratio_quix),
    )
    lines = []
    for unit, faust, quix in found:
        pairs = ((faust, "stock Faust"), (quix, "Quix Streams"))
        said = ", ".join(f"{ratio:.2f} × {name}" for ratio, name in pairs if ratio is not None)
        lines += [f"Vedette whole {unit} = {said}"] if said else []
    return lines


def _roles(result: Result) -> list[str]:
    cpu, peak = result.vedette.flat_out.cpu_us, result.vedette.peak_mb
    roles = [role for role in ("ingest", "detect", "api", "notify", "store", "broker") if role in cpu]
    return aligned(
        [
            ("Vedette by role", *roles),
            ("CPU µs/event", *(f"{cpu[role]:,.1f}" for role in roles)),
            ("peak MiB", *(f"{peak[role]:,.0f}" for role in roles)),
        ]
    )


def _single(result: Result) -> list[str]:
    v, half = result.vedette, result.vedette.half_load
    return aligned(
        [
            ("stored, events/s", f"{v.flat_out.stored:,.0f}"),
            ("judged, events/s", f"{v.flat_out.judged:,.0f}"),
            ("then settling and committing, s", f"{v.flat_out.tail:,.1f}"),
            ("late, settled from the store, activities", f"{v.flat_out.late:,}"),
            ("alerts of the backlog", f"{v.flat_out.alerts:,}"),
            ("disk, bytes per stored event: table of events", f"{v.bytes_events:,.0f}"),
            ("disk, bytes per stored event: all tables", f"{v.bytes_all:,.0f}"),
            (f"event to alert at {half.sent:,.0f} events/s, median of {half.alerts}, s", f"{half.median:.2f}"),
            ("event to alert, p99, s", f"{half.p99:.2f}"),
            ("event to alert, worst, s", f"{half.worst:.2f}"),
        ]
    )


def _stages(result: Result) -> list[str]:
    lines = [("stage", "CPU µs", "handled")]
    lines += [(f"{s.stage}, per {s.per}", f"{s.us:,.2f}", f"{s.handled:,}") for s in result.stages]
    return aligned(lines)


def aligned(lines: Iterable[Sequence[str]]) -> list[str]:
    """Lines of equal columns: the first to the left, the others to the right."""
    rows = list(lines)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
