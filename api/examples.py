"""Examples of answers, for the OpenAPI document; a test holds them to the models."""

from __future__ import annotations

from typing import Any, Final

_SUBJECT: Final = "9d2f61c0a4b87e35d1c06f4e8b7a2915"
_ACTIVITY: Final = "3f0c7c1e-6f0a-5b52-9a0e-0d6c5a1b7e42"

SENT: Final[dict[str, Any]] = {
    "stored": 1,
    "duplicate": 0,
    "rejected": 1,
    "skipped": 0,
    "events": [
        {"index": 0, "id": "ev-1", "status": "stored", "activity_id": _ACTIVITY},
        {
            "index": 1,
            "id": None,
            "status": "rejected",
            "code": "time_without_offset",
            "reason": "occurred_at has no UTC offset; add Z or one such as +01:00",
        },
    ],
}

ALERT: Final[dict[str, Any]] = {
    "id": "5a1c9d0e-2b64-5f0e-8f43-7d1b0c9e6a21",
    "detector": "failed_login_burst",
    "slot": "failed_login_burst.v1",
    "arm": "count",
    "stage": "live",
    "severity": "MEDIUM",
    "sentence": "12 failed sign-ins for ada@acme.example in 6 minutes from 1 address; usual at most 2",
    "subject": {"scope": "login", "token": _SUBJECT, "name": "ada@acme.example"},
    "opened_at": "2026-11-24T09:06:00.000Z",
    "completed_at": "2026-11-24T09:06:00.000Z",
    "detected_at": "2026-11-24T09:06:02.310Z",
    "observed": 12.0,
    "threshold": 10.0,
    "status": "new",
    "disposition": None,
    "withdrawn": False,
    "replaces": [],
    "replaced_by": [],
    "etag": '"281474976714753.0.0"',
}
