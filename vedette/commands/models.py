"""`vedette models`: the models there are, what one knows, and from when on it counts."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from domain import clock
from domain.clock import DAY, rfc3339
from domain.errors import SettingsInvalid, VedetteError
from vedette import compose
from vedette.commands.sources import table
from vedette.commands.train import moment

if TYPE_CHECKING:
    from models.artifact import Manifest
    from storage.models import ModelStore, Promotion
    from vedette.settings import Settings

#: Ahead of now when no time is given, ms: the store asks for one minute.
_AHEAD = 75_000
#: How long a tenant's first model is on trial, days.
TRIAL = 7
NONE = "none"


def register(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|promote")
    listed = actions.add_parser("list", help="the models, newest first, and which one counts")
    shown = actions.add_parser("show", help="what a model was trained on, and what is usual by it")
    promoted = actions.add_parser("promote", help="let a model count from a time on")
    shown.add_argument("model", metavar="MODEL", help="its hash, the beginning of it, or `latest`")
    promoted.add_argument("model", metavar="MODEL", help="its hash, the beginning of it, `latest`, or `none`")
    promoted.add_argument(
        "--at", default="", metavar="TIME", help="from when on it counts, RFC 3339 (default: in 75 s)"
    )
    promoted.add_argument(
        "--trial-days", type=float, help=f"days in which its alerts are shadow (default: {TRIAL} for the first, then 0)"
    )
    for each in (listed, shown, promoted):
        each.add_argument("--tenant", default="acme", metavar="NAME")


def run(args: argparse.Namespace) -> int:
    made = compose.settings(args)
    return asyncio.run(_run(args, made if made.store.url else compose.reachable(made)))


async def _run(args: argparse.Namespace, made: Settings) -> int:
    from storage.client import connect
    from storage.models import ModelStore

    client = await connect(made.store, "writer" if args.action == "promote" else "reader")
    try:
        store = ModelStore(client)
        found = await store.trained(args.tenant)
        promotions = await store.promotions(args.tenant)
        if args.action == "list":
            return _list(found, promotions, args.tenant)
        if args.action == "show":
            return _show(_one(found, args), promotions)
        return await _promote(store, found, promotions, args, wait=2 * made.detect.models_every)
    finally:
        await client.close()


def _one(found: list[Manifest], args: argparse.Namespace) -> Manifest:
    from models.artifact import model_hash

    meant = found[:1] if args.model == "latest" else [m for m in found if model_hash(m).startswith(args.model)]
    if len(meant) != 1:
        what = "no model" if not meant else "more than one model"
        raise VedetteError(
            f"{args.tenant} has {what} {args.model}; `vedette models list --tenant {args.tenant}` shows them"
        )
    return meant[0]


def _list(found: list[Manifest], promotions: list[Promotion], tenant: str) -> int:
    from models.artifact import model_hash

    if not found:
        print(f"{tenant} has no models; `vedette train --tenant {tenant}` makes one of its history", file=sys.stderr)
        return 0
    counts = in_effect(promotions, clock.now())
    rows: list[tuple[str, ...]] = [("MODEL", "TRAINED", "PEOPLE", "HOURS", "THRESHOLD", "STATE")]
    for each in found:
        name = model_hash(each)
        state = state_of(name, promotions, counts)
        rows.append(
            (name, rfc3339(each.trained_at), f"{each.actors:,}", f"{each.rows:,}", f"{each.threshold:.6f}", state)
        )
    print(table(rows))
    return 0


def in_effect(promotions: list[Promotion], at: int) -> Promotion | None:
    """The promotion that counts at `at` (ms)."""
    begun = [each for each in promotions if each.effective_from <= at]
    return max(begun, key=lambda each: each.effective_from, default=None) if begun else None


def state_of(name: str, promotions: list[Promotion], counts: Promotion | None) -> str:
    """`counts since …`, `counts from … on`, `counted`, or `` of a model never promoted."""
    mine = [each for each in promotions if each.model == name]
    if counts is not None and counts.model == name:
        return f"counts since {rfc3339(counts.effective_from)}"
    now = counts.effective_from if counts else 0
    coming = [each.effective_from for each in mine if each.effective_from > now]
    if coming:
        return f"counts from {rfc3339(min(coming))} on"
    return "counted" if mine else ""


def _show(each: Manifest, promotions: list[Promotion]) -> int:
    from models import features
    from models.artifact import model_hash

    name = model_hash(each)
    print(f"{name}, model of {each.tenant}'s ordinary hours")
    print()
    print(f"trained    {rfc3339(each.trained_at)} on {rfc3339(each.since)} to {rfc3339(each.until)}")
    print(f"rows       {each.rows:,} hours of {each.actors:,} people on {each.judged_days} days")
    print(f"left out   {each.left_out:,} people who had alerted")
    print(f"forest     {each.trees} trees of {each.samples} rows, seed {each.seed}, schema {each.schema}")
    print(f"made with  {', '.join(f'{part} {version}' for part, version in sorted(each.versions.items()))}")
    print(f"sha256     {each.sha256}")
    print(f"threshold  {each.threshold:.6f}: {meaning(each)}")
    for promotion in promotions:
        if promotion.model == name:
            print(f"promoted   {rfc3339(promotion.promoted_at)}: {_times(promotion)}")
    print()
    rows: list[tuple[str, ...]] = [("FEATURE", "5 %", "MEDIAN", "95 %", "99 %")]
    for feature in features.FEATURES:
        known = each.quantiles.get(feature.name)
        if known is not None:
            rows.append((feature.words, *(features.shown(feature, known[q]) for q in ("5", "50", "95", "99"))))
    print(table(rows))
    return 0


def meaning(each: Manifest) -> str:
    """What the threshold means in alerts a day."""
    a_day = each.budget * each.actors / 1_000
    return (
        f"alerts per 1,000 users and day: at most {each.budget:g}, so {a_day:.2g} a day among {each.actors:,} people; "
        f"in the {each.judged_days} days of training there were {each.alerts}"
    )


def _times(promotion: Promotion) -> str:
    trial = promotion.live_from - promotion.effective_from
    shadow = f", its alerts shadow until {rfc3339(promotion.live_from)}" if trial > 0 else ""
    return f"counts from {rfc3339(promotion.effective_from)} on{shadow}"


async def _promote(
    store: ModelStore, found: list[Manifest], promotions: list[Promotion], args: argparse.Namespace, *, wait: float
) -> int:
    """`wait`: seconds after which every judge has looked for promotions."""
    from models.artifact import model_hash

    chosen = None if args.model == NONE else _one(found, args)
    start = moment(args.at) if args.at else clock.now() + _AHEAD
    days = (0 if any(each.model for each in promotions) else TRIAL) if args.trial_days is None else args.trial_days
    if days < 0:
        raise SettingsInvalid(f"--trial-days is {days:g}; it must not be negative")
    _refuse_past(chosen, start)
    promotion = await store.promote(
        args.tenant,
        model_hash(chosen) if chosen else "",
        effective_from=start,
        live_from=start + round(days * DAY),
    )
    if start <= clock.now():  # of a past that is brought in: what follows is sent when every judge knows the model
        await asyncio.sleep(wait)
    if chosen is None:
        print(f"no model of {args.tenant} counts from {rfc3339(start)} on")
        return 0
    print(f"{promotion.model} {_times(promotion)}")
    print(f"threshold {chosen.threshold:.6f}: {meaning(chosen)}")
    return 0


def _refuse_past(chosen: Manifest | None, start: int) -> None:
    """A model never judges the days that it was trained on."""
    if chosen is not None and start < chosen.until:
        raise SettingsInvalid(
            f"--at is {rfc3339(start)}, but the model was trained on days up to {rfc3339(chosen.until)}; "
            "choose a later time, or train with --until"
        )
