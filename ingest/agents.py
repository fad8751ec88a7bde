"""The family of a browser or client, without its version: enough to say "the usual device", steady over updates."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

#: The first that matches names the client; the order matters, since most browsers claim to be others too.
_CLIENTS: Final = (
    ("Salesforce app", re.compile(r"SalesforceMobileSDK|Salesforce1|Chatter(?:Mobile)?/|SalesforceTouch", re.I)),
    ("Data Loader", re.compile(r"Data\s?Loader", re.I)),
    ("Salesforce CLI", re.compile(r"\bsfdx|salesforce-cli|jsforce", re.I)),
    ("Outlook", re.compile(r"Microsoft Outlook|Outlook-(?:iOS|Android)", re.I)),
    ("Excel", re.compile(r"Microsoft Office Excel|Excel\b", re.I)),
    ("curl", re.compile(r"\bcurl/", re.I)),
    ("wget", re.compile(r"\bwget/", re.I)),
    ("python-requests", re.compile(r"python-requests", re.I)),
    ("python", re.compile(r"\b(?:python|aiohttp|httpx|urllib)", re.I)),
    ("Go-http-client", re.compile(r"Go-http-client", re.I)),
    ("okhttp", re.compile(r"\bokhttp", re.I)),
    ("Postman", re.compile(r"Postman", re.I)),
    ("PowerShell", re.compile(r"PowerShell", re.I)),
    ("node", re.compile(r"\b(?:node|axios|got|undici)\b", re.I)),
    ("java", re.compile(r"\bjava\b|Apache-HttpClient|\bJakarta|Web Service Connector|\bAxis/", re.I)),
    ("Edge", re.compile(r"\bEdg(?:e|A|iOS)?/")),
    ("Opera", re.compile(r"\bOPR/|\bOpera\b")),
    ("Samsung Internet", re.compile(r"SamsungBrowser/")),
    ("Firefox", re.compile(r"\bFirefox/|\bFxiOS/")),
    ("Chrome", re.compile(r"\bChrome/|\bChromium/|\bCriOS/|HeadlessChrome/")),
    ("Internet Explorer", re.compile(r"\bMSIE |\bTrident/")),
    ("Safari", re.compile(r"\bSafari/")),
)
_SYSTEMS: Final = (
    ("iOS", re.compile(r"\b(?:iPhone|iPad|iPod|iOS)\b")),
    ("Android", re.compile(r"\bAndroid\b")),
    ("ChromeOS", re.compile(r"\bCrOS\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("macOS", re.compile(r"Mac OS X|\bMacintosh\b|\bDarwin\b")),
    ("Linux", re.compile(r"\bLinux\b|\bX11\b")),
)
#: Only so much of a user agent is looked at; what follows is versions.
_LOOKED_AT: Final = 600


def agent_family(user_agent: str) -> str:
    """`Chrome on Windows`, `curl`, `other`; "" when there is no user agent."""
    return _family(user_agent[:_LOOKED_AT]) if user_agent else ""


@lru_cache(maxsize=20_000)
def _family(seen: str) -> str:
    client = next((name for name, pattern in _CLIENTS if pattern.search(seen)), "other")
    system = next((name for name, pattern in _SYSTEMS if pattern.search(seen)), "")
    return f"{client} on {system}" if system else client
