"""What looks like an attack and is none: nobody should be woken by any of it. Times are after 05:00 UTC."""

from __future__ import annotations

from domain.clock import DAY, HOUR, MINUTE, SECOND
from simulation.habits import FORECAST, Leg, export, read, sign_in, work
from simulation.integrations import nightly
from simulation.labels import HARMLESS, Scenario
from simulation.people import ETL, FINANCE, MARKETING, PHONE, SALES_REP, SUPPORT
from simulation.places import IN_FLIGHT, OPTIMUM_V4, OPTIMUM_V6, VPN, located, spot
from simulation.plot import Plot, laptop

#: How many mistype behind the office's one address within five minutes, while others sign in.
TYPOS = 9


def nightly_load(plot: Plot) -> Scenario:
    """The warehouse takes its 250,000 rows, as every night."""
    pen = plot.pen("nightly_load")
    nightly(pen, plot.start // DAY * DAY)
    return plot.keep(
        pen,
        name="nightly_load",
        kind=HARMLESS,
        title="the warehouse's nightly 250,000 rows",
        actor=ETL.name,
        detector="bulk_export",
        values=(ETL.id, ETL.app_id),
    )


def forgotten_password(plot: Plot) -> Scenario:
    """Six wrong passwords on one's own machine at one's own desk, then the right one."""
    pen = plot.pen("forgotten_password")
    person = plot.cast(pen.rng, SUPPORT, "Berlin")
    work(pen, person, laptop(person, person.office.egress, plot.at(pen.rng, 2, 20), 200, mistypes=6), 12)
    return plot.keep(
        pen,
        name="forgotten_password",
        kind=HARMLESS,
        title="a forgotten password on one's own machine",
        actor=person.login,
        detector="login_after_failures",
        values=(person.id, person.login),
    )


def shared_address(plot: Plot) -> Scenario:
    """Nine people mistype behind the London office's one address within five minutes."""
    pen = plot.pen("shared_address")
    rng = pen.rng
    begin = plot.at(rng, 3, 45)
    people = [plot.cast(rng, city="London") for _ in range(TYPOS)]
    for person in people:
        start = begin + rng.randrange(5 * 60) * SECOND
        work(pen, person, laptop(person, person.office.egress, start, 200, mistypes=1), 8)
    return plot.keep(
        pen,
        name="shared_address",
        kind=HARMLESS,
        title=f"{TYPOS} people mistype behind one office address",
        actor=people[0].office.egress.ip,
        detector="password_spray",
        values=(people[0].office.egress.ip, *(person.login for person in people)),
    )


def sales_flight(plot: Plot) -> Scenario:
    """Signed in at home in London before the flight, and from the hotel after it."""
    pen = plot.pen("sales_flight")
    rng = pen.rng
    person = plot.cast(rng, SALES_REP, roams=True)
    before = laptop(person, person.home, plot.at(rng, 0, 30), 25)
    work(pen, person, before, 4)
    after = laptop(person, person.roams[0], before.start + 4 * HOUR + rng.randrange(50) * MINUTE, 90)
    work(pen, person, after, 8)
    return plot.keep(
        pen,
        name="sales_flight",
        kind=HARMLESS,
        title=f"a flight from London to {person.roams[0].network.place.city}",
        actor=person.login,
        detector="impossible_travel",
        values=(person.id, person.login),
    )


def own_vpn(plot: Plot) -> Scenario:
    """At home in Berlin, then through the usual VPN in Amsterdam, then at home again."""
    pen = plot.pen("own_vpn")
    rng = pen.rng
    person = plot.cast(rng, MARKETING, vpn=True)
    start = plot.at(rng, 2, 40)
    for place, where in enumerate((person.home, rng.choice(VPN), person.home)):
        work(pen, person, laptop(person, where, start + place * 70 * MINUTE, 65), 5)
    return plot.keep(
        pen,
        name="own_vpn",
        kind=HARMLESS,
        title="somebody's usual VPN, switched on and off",
        actor=person.login,
        detector="anonymised_login",
        values=(person.id, person.login),
    )


def two_families(plot: Plot) -> Scenario:
    """One line at home, by IPv4 and minutes later by IPv6, which geography puts 1,200 km away."""
    pen = plot.pen("two_families")
    rng = pen.rng
    person = plot.cast(rng, city="New York", home=OPTIMUM_V4.asn)
    start = plot.at(rng, 6, 20)
    work(pen, person, laptop(person, person.home, start, 6), 3)
    work(pen, person, laptop(person, spot(OPTIMUM_V6, rng.randrange(200)), start + 8 * MINUTE, 40), 6)
    return plot.keep(
        pen,
        name="two_families",
        kind=HARMLESS,
        title="one home line by IPv4, then by IPv6",
        actor=person.login,
        detector="impossible_travel",
        values=(person.id, person.login),
    )


def quarter_close(plot: Plot) -> Scenario:
    """Half as many rows again as in an ordinary forecast, by somebody who takes one out every week."""
    pen = plot.pen("quarter_close")
    rng = pen.rng
    person = plot.cast(rng, FINANCE, forecasts=True)
    leg = laptop(person, person.office.egress, plot.at(rng, 4, 20), 180)
    work(pen, person, leg, 6)
    export(pen, person, leg, leg.start + 40 * MINUTE, rng.randrange(12_500, 15_500), "opportunity", report=FORECAST)
    return plot.keep(
        pen,
        name="quarter_close",
        kind=HARMLESS,
        title="the quarter's forecast, larger than every week's",
        actor=person.login,
        detector="bulk_export",
        values=(person.id, person.login),
    )


def wifi_to_mobile(plot: Plot) -> Scenario:
    """From the office's Wi-Fi to the phone's own network, with one session and one device."""
    pen = plot.pen("wifi_to_mobile")
    rng = pen.rng
    person = plot.cast(rng, city="Berlin", on_phone=0.3)
    at = plot.at(rng, 5, 50)
    inside = Leg(at, at + 20 * MINUTE, person.office.egress, PHONE, person.phone, mobile=True)
    session = sign_in(pen, person, inside)
    for where in (person.office.egress, person.phone_at):
        for _ in range(3):
            at += rng.randrange(60, 400) * SECOND
            read(pen, person, at, located(where, agent=PHONE, device=person.phone), session)
    return plot.keep(
        pen,
        name="wifi_to_mobile",
        kind=HARMLESS,
        title="a phone leaves the office and keeps its session",
        actor=person.login,
        detector="session_hijack",
        values=(person.id, person.login),
    )


def in_flight(plot: Plot) -> Scenario:
    """At home in New York at breakfast; an hour later over the Atlantic, by satellite, which lands in Spain."""
    pen = plot.pen("in_flight")
    rng = pen.rng
    person = plot.cast(rng, city="New York")
    start = plot.at(rng, 5, 30)
    work(pen, person, laptop(person, person.home, start, 15), 3)
    work(pen, person, laptop(person, spot(IN_FLIGHT, rng.randrange(200)), start + 70 * MINUTE, 15), 3)
    return plot.keep(
        pen,
        name="in_flight",
        kind=HARMLESS,
        title="Wi-Fi on an aeroplane, which lands in Spain",
        actor=person.login,
        detector="impossible_travel",
        values=(person.id, person.login),
    )


LOOKALIKES = (
    nightly_load,
    sales_flight,
    own_vpn,
    quarter_close,
    forgotten_password,
    wifi_to_mobile,
    two_families,
    in_flight,
    shared_address,
)
