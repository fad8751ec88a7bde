"""What looks like a Salesforce id and is none: a name or a request of 15 letters and digits. Rows are made up."""

from __future__ import annotations

from domain.activity import Activity
from tests.ingest.made import ORGANIZATION, activity


def _login(**columns: str) -> Activity:
    row = {
        "EVENT_TYPE": "Login",
        "TIMESTAMP_DERIVED": "2026-11-24T08:00:00.000Z",
        "USER_ID": "0053X00000AVC8x",
        "ORGANIZATION_ID": ORGANIZATION,
        "LOGIN_STATUS": "LOGIN_ERROR_INVALID_PASSWORD",
        **columns,
    }
    return activity(row, topic="vedette.raw.salesforce")


def test_a_login_name_of_fifteen_characters_stays_as_it_was_typed() -> None:
    assert _login(USER_NAME="administrator1a").actor_login == "administrator1a"


def test_such_a_name_is_one_subject_however_its_letters_are_cased() -> None:
    assert _login(USER_NAME="Administrator1A").login_token == _login(USER_NAME="administrator1a").login_token != ""


def test_a_request_of_fifteen_characters_stays_as_it_is() -> None:
    found = _login(REQUEST_ID="abcdefghijklmno")
    assert (found.request_id, found.native_id) == ("abcdefghijklmno", "Login/abcdefghijklmno")
