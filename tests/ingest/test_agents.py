"""The family of a user agent: steady over versions, telling clients apart."""

from __future__ import annotations

import pytest

from ingest.agents import agent_family

KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "family"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/86.0.4240.75 Safari/537.36", "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/131.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0) {KIT} Chrome/IP_ADDRESS_REMOVED Safari/537.36", "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0) {KIT} Chrome/131.0 Safari/537.36 Edg/131.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {KIT} Version/17.6 Safari/605.1.15", "Safari on macOS"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox on Linux"),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) {KIT} CriOS/131.0 Mobile Safari/604.1",
            "Chrome on iOS",
        ),
        (f"Mozilla/5.0 (Linux; Android 14) {KIT} Chrome/131.0 Mobile Safari/537.36", "Chrome on Android"),
        ("SalesforceMobileSDK/9.2.0 iOS/18.0 (iPhone) Salesforce1/232.0", "Salesforce app on iOS"),
        ("DataLoaderBulkUI/59.0.0", "Data Loader"),
        ("curl/8.7.1", "curl"),
        ("python-requests/2.31.0", "python-requests"),
        ("Python-urllib/3.12", "python"),
        ("Go-http-client/1.1", "Go-http-client"),
        ("okhttp/4.12.0", "okhttp"),
        ("Java/17.0.2", "java"),
        ("Salesforce Web Service Connector For Java/1.0", "java"),
        ("Mozilla/5.0", "other"),
        ("", ""),
        ("x" * 10_000, "other"),
    ],
)
def test_family(user_agent: str, family: str) -> None:
    assert agent_family(user_agent) == family
