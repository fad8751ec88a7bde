"""Every refusal of the API, in one shape: application/problem+json (RFC 9457) with a stable `code`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.errors import Unavailable

log = logging.getLogger("vedette.api")

MEDIA_TYPE = "application/problem+json"
#: Seconds after which a client should try again when a part was away.
RETRY_AFTER = 2


class Problem(Exception):
    """Raised anywhere in a request; becomes its answer."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.headers, self.more = status, code, detail, dict(headers or {}), more


def not_found(what: str, which: str) -> Problem:
    """The same answer whether it does not exist or is another tenant's."""
    return Problem(404, "not_found", f"there is no {what} {which[:100]!r}; check the id")


def invalid_field(field: str, detail: str, *, code: str = "invalid_request") -> Problem:
    """A parameter that cannot be what it is; `errors` names it for programs, as it does for a body."""
    return Problem(422, code, detail, errors=[{"field": field, "detail": detail}])


def unknown_outcome(detail: str) -> Problem:
    return Problem(503, "outcome_unknown", detail, headers={"Retry-After": str(RETRY_AFTER)})


def answer(problem: Problem) -> Response:
    body = {
        "type": f"urn:vedette:problem:{problem.code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        **problem.more,
    }
    return Response(msgspec.json.encode(body), problem.status, problem.headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of the app a problem, those of the framework too."""

    async def ours(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return answer(error)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        headers = dict(error.headers or {})
        path = request.url.path[:200]
        if error.status_code == 404:
            return answer(Problem(404, "no_such_path", f"there is nothing at {path}; see /docs", headers=headers))
        if error.status_code == 405:
            allowed = headers.get("Allow", "other methods")
            detail = f"{path} does not take {request.method}; it takes {allowed}"
            return answer(Problem(405, "method_not_allowed", detail, headers=headers))
        return answer(Problem(error.status_code, "refused", str(error.detail), headers=headers))

    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        faults = [
            {"field": ".".join(map(str, e["loc"][1:] or e["loc"])), "detail": str(e["msg"])} for e in error.errors()
        ]
        said = "; ".join(f"{fault['field']}: {fault['detail']}" for fault in faults)
        return answer(Problem(422, "invalid_request", said, errors=faults))

    async def away(_: Request, error: Exception) -> Response:
        return answer(Problem(503, "unavailable", str(error), headers={"Retry-After": str(RETRY_AFTER)}))

    async def ours_to_mend(request: Request, error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return answer(Problem(500, "internal", "the request failed inside Vedette; the log of the api role says why"))

    app.add_exception_handler(Problem, ours)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Unavailable, away)
    app.add_exception_handler(Exception, ours_to_mend)


#: For the OpenAPI document: what any operation may answer besides its own.
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, text in (
        (401, "No key, or one that is not valid"),
        (403, "The key's role does not allow this"),
        (422, "A parameter is not valid"),
        (429, "Too many wrong keys from this address, or more events than the key may send"),
        (503, "A part is away: try again"),
    )
}
SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "example": {
        "type": "urn:vedette:problem:not_found",
        "title": "Not Found",
        "status": 404,
        "code": "not_found",
        "detail": "there is no alert '5a1c'; check the id",
    },
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; what a program decides by"},
        "detail": {"type": "string", "description": "One sentence: what is wrong, and the remedy"},
        "errors": {
            "type": "array",
            "description": "With 422: each field that is wrong",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
