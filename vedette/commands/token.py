"""`vedette token`: API keys."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from api.policy import ROLES
from domain.clock import rfc3339
from vedette import compose
from vedette.settings import Settings

if TYPE_CHECKING:
    from storage.api_keys import ApiKeyStore

FIRST_TENANT = "acme"


def register(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="create|list|revoke")
    made = actions.add_parser("create", help="make a key; it is shown once")
    made.add_argument("--tenant", required=True)
    made.add_argument("--role", required=True, choices=ROLES)
    made.add_argument("--name", default="", help="whose key it is; triage is recorded under this name")
    listed = actions.add_parser("list", help="the keys there are, without their secrets")
    listed.add_argument("--tenant", default="")
    revoked = actions.add_parser("revoke", help="from now on the key opens nothing")
    revoked.add_argument("id", metavar="ID", help="the part between vdt_ and the next _")


def run(args: argparse.Namespace) -> int:
    return asyncio.run(_run(args))


def pepper_of(made: Settings) -> bytes:
    """The pepper of this installation's API keys."""
    from api.keys import pepper

    file = made.api.key_pepper_file
    return pepper(Path(file).expanduser() if file else made.data_dir / "secrets" / "api_pepper")


async def create_first(made: Settings) -> str:
    """An admin key when the store has no key at all; "" otherwise."""
    from api.keys import create
    from storage.api_keys import ApiKeyStore
    from storage.client import connect

    client = await connect(made.store, "writer")
    try:
        if await ApiKeyStore(client).list():
            return ""
        return await create(client, pepper_of(made), tenant=FIRST_TENANT, role="admin", name="first")
    finally:
        await client.close()


async def _run(args: argparse.Namespace) -> int:
    from api.keys import create
    from storage.api_keys import ApiKeyStore
    from storage.client import connect

    made = compose.reachable(compose.settings(args))
    client = await connect(made.store, "reader" if args.action == "list" else "writer")
    try:
        if args.action == "create":
            print(await create(client, pepper_of(made), tenant=args.tenant, role=args.role, name=args.name))
            return 0
        if args.action == "revoke":
            return await _revoke(ApiKeyStore(client), args.id)
        return await _list(ApiKeyStore(client), args.tenant)
    finally:
        await client.close()


async def _revoke(store: ApiKeyStore, key_id: str) -> int:
    if not await store.revoke(key_id):
        print(f"no key {key_id}; `vedette token list` shows them", file=sys.stderr)
        return 1
    print(f"{key_id} is revoked; the API believes it for at most 5 s more")
    return 0


async def _list(store: ApiKeyStore, tenant: str) -> int:
    found = await store.list(tenant)
    for key in found:
        state = "revoked" if key.revoked else "valid"
        print(f"{key.key_id}  {key.tenant}  {key.role}  {state}  {rfc3339(key.created_at)}  {key.name}")
    if not found:
        print("no keys; `vedette token create` makes one", file=sys.stderr)
    return 0
