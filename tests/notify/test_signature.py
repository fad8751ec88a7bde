"""Signatures, held against the reference library of the Standard Webhooks specification in both directions."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
import standardwebhooks

from domain.clock import SECOND, now
from notify.signature import new_secret, parse_secrets, sign, verify
from tests.notify.fakes import T0

BODY = '{"type":"incident.opened","data":{"title":"[CRIT] bulk_export acme: 118,400 contacts — ñ"}}'.encode()


def keys(*secrets: str) -> tuple[bytes, ...]:
    return parse_secrets("\n".join(secrets))


def test_a_known_secret_id_time_and_body_give_a_known_signature() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = sign(
        b'{"test": 2432232314}', webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at=1614265330000, keys=keys(secret)
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_the_reference_library_accepts_what_we_sign() -> None:
    secret = new_secret()
    headers = sign(BODY, webhook_id="msg_1", at=now(), keys=keys(secret))
    assert standardwebhooks.Webhook(secret).verify(BODY, headers)


def test_we_accept_what_the_reference_library_signs() -> None:
    secret, moment = new_secret(), datetime(2026, 11, 24, 9, tzinfo=UTC)
    signature = standardwebhooks.Webhook(secret).sign("msg_1", moment, BODY.decode())
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(T0 // 1000), "webhook-signature": signature}
    assert verify(BODY, headers, at=T0, keys=keys(secret))


def test_while_a_secret_is_changed_receivers_with_either_accept() -> None:
    old, new = new_secret(), new_secret()
    headers = sign(BODY, webhook_id="msg_1", at=now(), keys=keys(new, old))
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (old, new):
        assert standardwebhooks.Webhook(secret).verify(BODY, headers)


@pytest.mark.parametrize("changed", ["body", "id", "time", "key", "old", "no signature", "odd time", "odd signature"])
def test_refused_when_anything_differs_or_is_old(changed: str) -> None:
    secret = new_secret()
    headers = sign(BODY, webhook_id="msg_1", at=T0, keys=keys(secret))
    at, body, held = T0, BODY, keys(secret)
    if changed == "body":
        body += b" "
    elif changed == "id":
        headers["webhook-id"] = "msg_2"
    elif changed == "time":
        headers["webhook-timestamp"] = str(T0 // 1000 + 1)
    elif changed == "key":
        held = keys(new_secret())
    elif changed == "old":
        at += 301 * SECOND
    elif changed == "odd time":
        headers["webhook-timestamp"] = "1²"
    elif changed == "odd signature":
        headers["webhook-signature"] = "v1,é"
    else:
        headers = {}
    assert not verify(body, headers, at=at, keys=held)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("whpk_AAAA", "starts with whsec_"),
        ("whsec_***", "base64"),
        ("whsec_" + base64.b64encode(b"x" * 23).decode(), "24 to 64 bytes, this one 23"),
        ("whsec_" + base64.b64encode(b"x" * 65).decode(), "24 to 64 bytes, this one 65"),
    ],
)
def test_an_unusable_secret_is_refused_without_being_shown(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refusal:
        parse_secrets(text)
    assert not text or text not in str(refusal.value)
