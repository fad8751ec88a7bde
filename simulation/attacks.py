"""The attacks of a morning, each with a label. Times are after the start, which is 05:00 UTC."""

from __future__ import annotations

from domain import actions
from domain.clock import MINUTE, SECOND
from simulation.habits import Leg, export, read, sign_in, work
from simulation.integrations import page
from simulation.labels import ATTACK, Scenario
from simulation.people import LINUX_FIREFOX, SALES_MANAGER, SALES_REP, SUPPORT, SYNC, WINDOWS_CHROME
from simulation.places import FAR_AWAY, GUESSER, THIEF, TOR, located, origin, spot
from simulation.plot import Plot, laptop
from simulation.records import Event

#: How many accounts the spray tries, once each.
SPRAYED = 36


def guessed_password(plot: Plot) -> Scenario:
    """A dozen or more wrong passwords within two minutes from one rented machine, then the right one."""
    pen = plot.pen("guessed_password")
    rng = pen.rng
    victim = plot.cast(rng, SALES_REP, "Berlin")
    where = spot(GUESSER, rng.randrange(240))
    came = located(where, agent=LINUX_FIREFOX)
    at = plot.at(rng, 0, 25)
    for _ in range(rng.randrange(12, 19)):
        pen.write(at, actions.LOGIN_FAILED, victim.actor, came, reason="bad_password", auth_method="password")
        at += rng.randrange(3, 9) * SECOND
    at += rng.randrange(20, 60) * SECOND
    pen.write(at, actions.LOGIN_SUCCEEDED, victim.actor, came, auth_method="password", mfa=False, channel="ui")
    for _ in range(6):
        at += rng.randrange(10, 60) * SECOND
        read(pen, victim, at, origin(where, agent=LINUX_FIREFOX), {"channel": "ui"})
    return plot.keep(
        pen,
        name="guessed_password",
        kind=ATTACK,
        title="a password guessed from a rented machine",
        actor=victim.login,
        detector="login_after_failures",
        values=(victim.id, victim.login, where.ip),
    )


def night_export(plot: Plot) -> Scenario:
    """At two in the morning of New York somebody takes out the contacts, then the rest of them."""
    pen = plot.pen("night_export")
    rng = pen.rng
    thief = plot.cast(rng, SALES_MANAGER, "New York")
    leg = laptop(thief, thief.home, plot.at(rng, 1, 5), 50)
    sign_in(pen, thief, leg)
    first = leg.start + rng.randrange(3, 8) * MINUTE
    export(pen, thief, leg, first, rng.randrange(17_000, 20_000), "contact")
    export(pen, thief, leg, first + rng.randrange(20, 35) * MINUTE, rng.randrange(55_000, 65_000), "contact")
    return plot.keep(
        pen,
        name="night_export",
        kind=ATTACK,
        title="every contact exported at night",
        actor=thief.login,
        detector="bulk_export",
        values=(thief.id, thief.login),
    )


def slow_export(plot: Plot) -> Scenario:
    """Types of record that a support agent never touches, a little of each, at three at night, on a new machine.

    Under every rule's floor: below 10,000 rows in an hour, below 20,000 in a week.
    """
    pen = plot.pen("slow_export")
    rng = pen.rng
    insider = plot.cast(rng, SUPPORT, "New York")
    start = plot.at(rng, 2, 0)
    leg = Leg(start, start + 110 * MINUTE, insider.home, WINDOWS_CHROME, f"nb-{rng.getrandbits(32):08x}")
    sign_in(pen, insider, leg)
    at = start + MINUTE
    for kind in rng.sample(
        ("account", "opportunity", "lead", "contract", "invoice", "campaign", "quote", "product"), 8
    ):
        at += rng.randrange(4, 9) * MINUTE
        pen.write(
            at - 40 * SECOND,
            actions.REPORT_VIEWED,
            insider.actor,
            origin(leg.where, agent=leg.agent, device=leg.device),
            channel="ui",
            object_type=kind,
            object_id=f"r9{rng.randrange(100, 999)}",
            count=rng.randrange(2_000, 9_000),
        )
        export(pen, insider, leg, at, rng.randrange(700, 1_150), kind)
    return plot.keep(
        pen,
        name="slow_export",
        kind=ATTACK,
        title="a little of everything at three at night, under every limit",
        actor=insider.login,
        detector="unusual_activity",
        values=(insider.id, insider.login),
    )


def impossible_travel(plot: Plot) -> Scenario:
    """Signed in at the London office; half an hour later the same account signs in from Lagos."""
    pen = plot.pen("impossible_travel")
    rng = pen.rng
    victim = plot.cast(rng, SALES_REP, "London")
    here = laptop(victim, victim.office.egress, plot.at(rng, 3, 10), 120)
    work(pen, victim, here, 12)
    before = len(pen.written)
    far = spot(FAR_AWAY, rng.randrange(240))
    at = here.start + rng.randrange(28, 36) * MINUTE
    leg = Leg(at, at + 10 * MINUTE, far, WINDOWS_CHROME, f"nb-{rng.getrandbits(32):08x}")
    work(pen, victim, leg, 5)
    return plot.keep(
        pen,
        name="impossible_travel",
        kind=ATTACK,
        title="London, and half an hour later Lagos",
        actor=victim.login,
        detector="impossible_travel",
        values=(victim.id, victim.login, far.ip),
        labelled=pen.written[before:],
    )


def password_spray(plot: Plot) -> Scenario:
    """One password tried on many accounts through Tor, once each; one account has it."""
    pen = plot.pen("password_spray")
    rng = pen.rng
    where = spot(TOR, rng.randrange(30))
    came = located(where, agent=LINUX_FIREFOX)
    tried = [plot.cast(rng, away=False) for _ in range(min(SPRAYED, len(plot.staff) // 4))]
    at = plot.at(rng, 3, 30)
    for person in tried[:-1]:
        pen.write(at, actions.LOGIN_FAILED, person.actor, came, reason="bad_password", auth_method="password")
        at += rng.randrange(3, 8) * SECOND
    pen.write(at, actions.LOGIN_SUCCEEDED, tried[-1].actor, came, auth_method="password", mfa=False, channel="ui")
    return plot.keep(
        pen,
        name="password_spray",
        kind=ATTACK,
        title=f"one password tried on {len(tried)} accounts through Tor",
        actor=where.ip,
        detector="password_spray",
        values=(where.ip, tried[-1].id, tried[-1].login),
    )


def stolen_token(plot: Plot) -> Scenario:
    """The mailing integration's token at work on a rented machine, in small pages, while the integration goes on."""
    pen = plot.pen("stolen_token")
    rng = pen.rng
    where = spot(THIEF, rng.randrange(240))
    at = plot.at(rng, 4, 30)
    stolen: list[Event] = []
    for _ in range(rng.randrange(35, 50)):
        stolen.append(page(pen, at, SYNC, where, rng.randrange(40, 80)))
        at += rng.randrange(15, 40) * SECOND
    return plot.keep(
        pen,
        name="stolen_token",
        kind=ATTACK,
        title="an integration's token used from a network where it never was",
        actor=SYNC.name,
        detector="app_new_network",
        values=(SYNC.id, SYNC.app_id, where.ip),
        labelled=stolen,
    )


ATTACKS = (guessed_password, night_export, slow_export, impossible_travel, password_spray, stolen_token)
