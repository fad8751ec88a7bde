"""A notification that is only a test: what `vedette channels test` sends, looking as a real page does."""

from __future__ import annotations

from domain.alert import Content, Severity, evidence
from domain.clock import MINUTE
from domain.incident import OPEN, Incident, Revision, Witness, incident_id
from domain.subject import ACTOR
from notify import wording
from notify.formats import webhook
from notify.page import compose

_TOKEN, _ADDRESS = "0" * 32, "1" * 32
_IDS = ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002")


def body(now: int) -> bytes:
    """The body of a test at `now` (ms): a made-up export of nobody, with `test` true and [TEST] in its title."""
    began = now - 10 * MINUTE
    content = Content(
        alert_id=_IDS[0],
        tenant="example",
        detector="bulk_export",
        slot="bulk_export.v1",
        arm="rows",
        stage="live",
        subject=f"{ACTOR}|example|{_TOKEN}",
        opener=(began, _IDS[0]),
        completed=(now, _IDS[1]),
        severity=Severity.CRITICAL,
        observed=118_400.0,
        threshold=10_000.0,
        parts={
            "actor": {"token": _TOKEN},
            "rows": 118_400,
            "object": "contact records",
            "span": {"span_ms": str(now - began)},
            "p50": 40,
            "t": 10_000,
        },
        baseline={"usual_day": 40},
        evidence=evidence(_IDS),
        settings="",
    )
    witnesses = [_export(began, _IDS[0], 59_200), _export(now, _IDS[1], 59_200)]
    incident = Incident(
        tenant="example",
        incident_id=incident_id("example", f"test|{now}"),
        alert_ids=(content.alert_id,),
        alert_versions=(1,),
        detector=content.detector,
        severity=int(content.severity),
        status=OPEN,
        opened_at=now,
        revision=1,
    )
    revision = Revision(content, withdrawn=False, version=1, replaces=(), detected_at=now, revised_at=now)
    names = wording.naming(wording.tokens(content, [_ADDRESS]), {})
    page = compose(incident, revision, witnesses, names, test=True)
    return webhook.body(page, kind="opened", at=now)


def _export(at: int, activity_id: str, rows: int) -> Witness:
    return Witness(
        activity_id=activity_id,
        occurred_at=at,
        received_at=at,
        action="data.exported",
        outcome="success",
        reason="",
        source="test",
        feed="test",
        channel="ui",
        object_type="contact",
        count=rows,
        ip_token=_ADDRESS,
        network="vpn",
        country="DE",
        asn=None,
        actor_kind="human",
        roles=("sales_rep",),
        privileged=False,
        history=False,
    )
