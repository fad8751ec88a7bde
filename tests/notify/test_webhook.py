"""What a page says, to the letter, and what it never says."""

from __future__ import annotations

import msgspec

from domain.alert import Severity
from domain.clock import SECOND
from domain.incident import OPEN, Incident, Revision, incident_id
from notify import wording
from notify.formats.webhook import AT_MOST, body
from notify.page import compose, title
from notify.rehearsal import body as rehearsal
from tests.notify.fakes import ADDRESS, T0, content, uid, witness

NAMES = wording.naming(wording.tokens(content(), [ADDRESS]), {})


def incident(**changes: object) -> Incident:
    made = Incident(
        tenant="acme",
        incident_id=incident_id("acme", uid(1)),
        alert_ids=(uid(1),),
        alert_versions=(1,),
        detector="bulk_export",
        severity=int(Severity.CRITICAL),
        status=OPEN,
        opened_at=T0 + 2 * SECOND,
        revision=3,
    )
    return msgspec.structs.replace(made, **changes)


def revision(**changes: object) -> Revision:
    made = msgspec.structs.replace(content(severity=Severity.CRITICAL), **changes)
    return Revision(
        made, withdrawn=False, version=1, replaces=(), detected_at=T0 + 2 * SECOND, revised_at=T0 + 2 * SECOND
    )


def test_a_page_says_who_where_when_how_much_and_what_to_do() -> None:
    page = compose(incident(), revision(), [witness()], NAMES)
    assert msgspec.json.decode(body(page, kind="opened", at=T0 + 3 * SECOND)) == {
        "type": "incident.opened",
        "timestamp": "2026-11-24T09:00:03.000Z",
        "data": {
            "incident_id": incident_id("acme", uid(1)),
            "dedup_key": incident_id("acme", uid(1)),
            "sequence": 3,
            "title": "[CRIT] bulk_export acme: 118,400 contact records (usual 40/day)",
            "sentence": "person-a1b2c3d4 exported 118,400 contact records in 9 m; usual day 40, limit 10,000",
            "severity": "CRITICAL",
            "status": "open",
            "tenant": "acme",
            "detector": "bulk_export",
            "arm": "rows",
            "alert_id": uid(1),
            "who": {
                "scope": "actor",
                "name": "person-a1b2c3d4",
                "kind": "human",
                "roles": ["sales_rep"],
                "privileged": False,
            },
            "where": {"address": "address-f0e1d2c3", "country": "DE", "network": "vpn", "asn": 64500},
            "when": {
                "first_activity_at": "2026-11-24T09:00:00.000Z",
                "last_activity_at": "2026-11-24T09:00:00.000Z",
                "detected_at": "2026-11-24T09:00:02.000Z",
                "feed": "generic/main",
                "feed_delay_seconds": 1.5,
            },
            "observed": 118400.0,
            "limit": 10000.0,
            "baseline": {"largest_hour": "12", "usual_day": "40"},
            "evidence": {
                "count": 1,
                "at_least": False,
                "lines": [
                    "2026-11-24T09:00:00.000Z data.exported 118,400 contact through ui from DE (vpn, address-f0e1d2c3)"
                ],
            },
            "first_steps": [
                "Suspend the account or the app's token while you ask: what has left does not come back.",
                "List what was taken and where it went; check whether it was announced or ticketed.",
                "Look for what came before: a new device, a new app, a granted role, a notice to leave.",
            ],
        },
    }


def test_a_link_leads_to_the_alert_and_there_is_none_without_an_address() -> None:
    assert b'"url"' not in body(compose(incident(), revision(), [], NAMES), kind="opened", at=T0)
    page = compose(incident(), revision(), [], NAMES, api_url="https://vedette.example.com/")
    assert page.url == f"https://vedette.example.com/api/v1/alerts/{uid(1)}"


def test_a_test_is_marked_as_one() -> None:
    said = msgspec.json.decode(rehearsal(T0))["data"]
    assert said["test"] is True
    assert said["title"].startswith("[TEST] [CRIT] bulk_export example: ")


def test_a_title_has_at_most_80_characters_and_one_line() -> None:
    long = content(
        tenant="a-tenant-with-a-rather-long-name", parts={"rows": "two\nlines " * 20, "object": "x", "p50": 1}
    )
    made = title(long, NAMES)
    assert (len(made), "\n" in made, made[-1]) == (80, False, "…")


def test_a_body_stays_below_20_kb_whatever_the_parts_hold() -> None:
    huge = revision(
        parts={"actor": "x" * 100_000, "rows": "y" * 100_000},
        baseline={f"{n}" * 5_000: "z" * 100_000 for n in range(100)},
        arm="rows",
    )
    odd = witness(roles=("r" * 10_000,) * 100, object_type="é" * 100_000, reason="\x1b" * 10_000)
    made = body(compose(incident(), huge, [odd] * 9, NAMES), kind="opened", at=T0)
    assert len(made) < AT_MOST


def test_an_alert_whose_activities_are_gone_is_still_told() -> None:
    page = compose(incident(), revision(), [], NAMES)
    assert (page.where.country, page.when.feed_delay_seconds, page.evidence.lines) == ("", None, ())
    assert page.who.name == "person-a1b2c3d4"
