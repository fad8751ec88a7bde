"""Builds the app: routes, policy, problems, documentation. Importing this module does nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi

from api import docs, models, policy, problems
from api.auth import Gate, caller
from api.crowd import Crowd
from api.metrics import Measured
from api.parts import Parts
from api.query import only_known
from api.routes import alerts, dead_letters, events, system
from api.routes import models as trained
from api.services import Services
from storage.api_keys import ApiKeyStore

PREFIX = "/api/v1"
_ABOUT = """What people and integrations do inside a CRM, judged: send audit events, read alerts with their evidence.

A key (`vdt_…`) belongs to one tenant and has one role.
Every error is `application/problem+json`, with a stable `code`."""


def create_app(parts: Parts) -> FastAPI:
    """The app over its parts, which it closes when the server has answered its last request."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await parts.close()

    app = FastAPI(
        title="Vedette",
        version=parts.version,
        description=_ABOUT,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.services = services = Services(parts)
    app.state.gate = Gate(ApiKeyStore(parts.reader), parts.pepper)
    guarded = APIRouter(
        prefix=PREFIX, dependencies=[Depends(caller), Depends(only_known)], responses=problems.RESPONSES
    )
    for each in (events.router, alerts.router, dead_letters.router, trained.router, system.router):
        guarded.include_router(each)
    app.include_router(guarded)
    app.include_router(system.open_router)
    app.include_router(docs.router)
    problems.install(app)
    most = parts.settings
    app.add_middleware(Crowd, prefix=PREFIX, requests=most.most_requests, streams=most.most_streams)
    app.add_middleware(Measured, metrics=services.metrics)
    document = _document(app)
    app.openapi = lambda: document  # type: ignore[method-assign]  # FastAPI's documented way to change it
    app.state.parameters = _parameters(document)
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document. An operation without a line in the policy is a mistake of ours."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        openapi_version="3.1.0",
        routes=app.routes,
    )
    document.setdefault("components", {}).setdefault("schemas", {}).update(
        {"Problem": problems.SCHEMA, **models.components()}
    )
    for path, methods in document["paths"].items():
        for operation in methods.values():
            name = operation["operationId"]
            if path.startswith(PREFIX) or "security" in operation:
                assert name in policy.OPERATIONS, f"{name} is missing in the policy"
                operation["x-roles"] = [role for role in policy.ROLES if policy.allowed(role, name)]
    return document


def _parameters(document: dict[str, Any]) -> dict[str, list[str]]:
    """Query parameters by operation."""
    return {
        operation["operationId"]: [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
        for methods in document["paths"].values()
        for operation in methods.values()
    }
