"""LOGIN_STATUS of Salesforce: which reason of ours each code is (EventLogFile reference, "Login Event Type")."""

from __future__ import annotations

from typing import Final

SUCCESS: Final = "LOGIN_NO_ERROR"

_REASONS: Final = {
    "bad_password": ("LOGIN_ERROR_INVALID_PASSWORD", "LOGIN_ERROR_SSO_PWD_INVALID", "LOGIN_ERROR_PASSWORD_EMPTY"),
    "unknown_user": (
        "LOGIN_ERROR_INVALID_USERNAME",
        "LOGIN_ERROR_USERNAME_EMPTY",
        "LOGIN_SAML_INVALID_USERNAME",
    ),
    "locked": (
        "LOGIN_ERROR_PASSWORD_LOCKOUT",
        "LOGIN_ERROR_USER_LOCKED",
        "LOGIN_ERROR_CSS_PW_LOCKOUT",
        "LOGIN_ERROR_ORG_LOCKOUT",
        "LOGIN_ERROR_LOGINS_EXCEEDED",
        "LOGIN_ERROR_RATE_EXCEEDED",
    ),
    "disabled": (
        "LOGIN_ERROR_USER_INACTIVE",
        "LOGIN_ERROR_USER_FROZEN",
        "LOGIN_ERROR_CSS_FROZEN",
        "LOGIN_ERROR_ORG_INACTIVE",
        "LOGIN_ERROR_ORG_CLOSED",
        "LOGIN_ERROR_ORG_SUSPENDED",
        "LOGIN_ERROR_PORTAL_INACTIVE",
        "LOGIN_ERROR_NETWORK_INACTIVE",
        "LOGIN_SAML_SITE_INACTIVE",
    ),
    "expired": ("LOGIN_ERROR_SESSION_TIMEOUT", "LOGIN_ORG_TRIAL_EXP", "LOGIN_SAML_INVALID_TIMESTAMP"),
    "mfa": ("LOGIN_CHALLENGE_ISSUED", "LOGIN_CHALLENGE_PENDING", "LOGIN_TWOFACTOR_REQ", "LOGIN_LIGHTNING_LOGIN"),
    "policy": (
        "LOGIN_ERROR_RESTRICTED_DOMAIN",
        "LOGIN_ERROR_RESTRICTED_TIME",
        "LOGIN_ERROR_EXPORT_RESTRICTED",
        "LOGIN_ERROR_GLOBAL_BLOCK_DOMAIN",
        "LOGIN_ERROR_ORG_DOMAIN_ONLY",
        "LOGIN_ERROR_USER_API_ONLY",
        "LOGIN_ERROR_INSECURE_LOGIN",
        "LOGIN_ERROR_MUTUAL_AUTHENTICATION",
        "LOGIN_ERROR_MUST_USE_API_TOKEN",
        "LOGIN_ERROR_NO_PORTAL_ACCESS",
        "LOGIN_ERROR_NO_NETWORK_ACCESS",
        "LOGIN_ERROR_USER_NON_MOBILE",
        "LOGIN_END_SESSION_TXN_SECURITY_POLICY",
        "LOGIN_OAUTH_API_DISABLED",
        "LOGIN_OAUTH_INVALID_IP",
    ),
    "outage": (
        "LOGIN_ERROR_APPEXCHANGE_DOWN",
        "LOGIN_ERROR_HT_DOWN",
        "LOGIN_ERROR_SSO_SVC_DOWN",
        "LOGIN_ERROR_STORE",
        "LOGIN_ERROR_STORE_DOWN",
        "LOGIN_ERROR_SYSTEM_DOWN",
        "LOGIN_ERROR_ORG_IN_MAINTENANCE",
    ),
}
_REASON_OF: Final = {code: reason for reason, codes in _REASONS.items() for code in codes}


def reason(status: str) -> str:
    """Our reason for a failed sign-in; `other` for a code without one and for a sentence."""
    return _REASON_OF.get(status, "other")
