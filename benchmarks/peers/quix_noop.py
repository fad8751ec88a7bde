"""Quix Streams: a dataframe that does nothing with raw bytes. Every setting is its default, at-least-once included."""

from __future__ import annotations

from quixstreams import Application

from benchmarks.peers.meter import Meter, asked


def read() -> None:
    """Until the meter is done; then one line of JSON."""
    a = asked("quix_noop")
    meter = Meter(events=a.events, warm_up=a.warm_up, seconds=a.seconds)
    app = Application(
        broker_address=a.bootstrap,
        consumer_group="bench-quix",
        auto_offset_reset="earliest",
        state_dir=a.scratch,
        loglevel="WARNING",
    )
    topic = app.topic(a.topic, key_deserializer="bytes", value_deserializer="bytes")

    def nothing(_: object) -> None:
        if meter.add():
            app.stop()

    app.dataframe(topic).update(nothing)
    app.run()
    meter.report()


if __name__ == "__main__":
    read()
