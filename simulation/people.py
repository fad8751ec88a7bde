"""Who works at Acme: two hundred people in three offices, and their integrations. None of them is real."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from simulation.places import BILLING, HOTELS, MAILING, OFFICES, WAREHOUSE, Office, Spot, spot
from simulation.records import rng_of

_FIRST = (
    "Ada", "Amir", "Anna", "Ben", "Carla", "Chen", "Clara", "Dana", "David", "Elif", "Emma", "Erik", "Fatima", "Felix",
    "Grace", "Hana", "Hugo", "Ines", "Ivan", "Jana", "Jonas", "Julia", "Karim", "Kofi", "Lena", "Leo", "Lina", "Lucas",
    "Maja", "Marco", "Maria", "Max", "Maya", "Mei", "Mia", "Milan", "Nadia", "Nils", "Noah", "Nora", "Olga", "Omar",
    "Paul", "Petra", "Priya", "Rosa", "Ruth", "Sam", "Sara", "Sven", "Tara", "Theo", "Tom", "Vera", "Yara", "Yusuf",
)  # fmt: skip
_LAST = (
    "Abel", "Adler", "Ahmed", "Baker", "Bauer", "Berg", "Bianchi", "Brandt", "Carter", "Castro", "Costa", "Dietrich",
    "Diaz", "Evans", "Faber", "Fischer", "Garcia", "Green", "Haas", "Hansen", "Hill", "Hughes", "Ivanov", "Jansen",
    "Kaya", "Keller", "Khan", "Klein", "Kovacs", "Kumar", "Lang", "Lewis", "Lopez", "Marsh", "Meyer", "Moreau", "Nagy",
    "Novak", "Okoye", "Olsen", "Ortiz", "Park", "Patel", "Popov", "Quinn", "Reed", "Rossi", "Sato", "Schmidt", "Silva",
    "Singh", "Stone", "Tanaka", "Torres", "Ueda", "Vogel", "Walsh", "Weber", "Wolf", "Wood", "Yilmaz", "Young",
)  # fmt: skip
_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
WINDOWS_CHROME = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME}"
MAC_CHROME = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_CHROME}"
MAC_SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/26.1 Safari/605.1.15"
)
WINDOWS_EDGE = f"{WINDOWS_CHROME} Edg/142.0.0.0"
LINUX_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
_LAPTOPS = (WINDOWS_CHROME, WINDOWS_CHROME, WINDOWS_EDGE, MAC_CHROME, MAC_SAFARI)
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.6 Mobile/15E148 Safari/604.1"
)


@dataclass(frozen=True)
class Role:
    """What one kind of work looks like in the CRM."""

    name: str
    share: int  # of two hundred
    objects: tuple[str, ...]  # what they open, the usual first
    pace: int  # things done on an ordinary day
    exports: float  # how many exports on an ordinary day
    rows: tuple[int, int]  # the least and the most of one
    at_home: float  # part of the days worked from home
    privileged: bool = False


SALES_REP = Role("sales_rep", 80, ("contact", "account", "opportunity", "lead"), 20, 0.12, (15, 240), 0.35)
SALES_MANAGER = Role("sales_manager", 14, ("opportunity", "account", "forecast"), 18, 0.25, (40, 600), 0.3)
SUPPORT = Role("support_agent", 56, ("case", "contact", "article"), 26, 0.12, (10, 80), 0.25)
MARKETING = Role("marketing", 18, ("campaign", "lead", "contact"), 16, 0.3, (200, 1_500), 0.45)
FINANCE = Role("finance", 14, ("invoice", "contract", "opportunity"), 14, 0.35, (100, 1_200), 0.3)
ADMIN = Role("administrator", 6, ("user", "permission_set", "report"), 12, 0.15, (20, 200), 0.4, privileged=True)
HR = Role("hr", 6, ("employee_case", "candidate"), 12, 0.15, (10, 60), 0.3)
EXECUTIVE = Role("executive", 6, ("dashboard", "opportunity", "account"), 7, 0.12, (10, 80), 0.2)
ROLES = (SALES_REP, SALES_MANAGER, SUPPORT, MARKETING, FINANCE, ADMIN, HR, EXECUTIVE)
#: Nine of twenty work in London, six in Berlin, five in New York.
_DESKS = (0, 1, 0, 2, 0, 1, 0, 2, 0, 1, 0, 2, 0, 1, 0, 2, 0, 1, 2, 1)
#: With fewer people there would be nobody left for some of the stories.
FEWEST, USUAL = 60, 200


@dataclass(frozen=True)
class Person:
    """Somebody with an account."""

    id: str
    login: str
    role: Role
    office: Office
    home: Spot
    phone_at: Spot  # where the phone is, outside the office
    agent: str
    laptop: str
    phone: str
    arrives: int  # minutes after local midnight, on average
    leaves: int
    on_phone: float  # part of the days on which the phone is used too
    roams: tuple[Spot, ...] = ()  # hotels of those who travel
    vpn: bool = False
    forecasts: bool = False  # takes the forecast out every Thursday

    @property
    def actor(self) -> dict[str, Any]:
        """As records name them."""
        known = {"id": self.id, "login": self.login, "roles": [self.role.name], "team": self.office.city}
        return {**known, "privileged": True} if self.role.privileged else known


@dataclass(frozen=True)
class App:
    """An integration: an account of its own, and a connected app whose token it uses."""

    id: str
    app_id: str
    name: str
    agent: str
    home: Spot

    @property
    def actor(self) -> dict[str, Any]:
        return {"id": self.id, "login": f"{self.id}@acme.example", "kind": "integration", "roles": ["integration"]}


ETL = App("svc-warehouse", "0H4WAREHOUSE", "Warehouse Loader", "python-requests/2.32.5", spot(WAREHOUSE, 7))
SYNC = App("svc-mailing", "0H4MAILING", "Mailing Sync", "axios/1.12.2", spot(MAILING, 11))
BILLS = App("svc-billing", "0H4BILLING", "Billing Connector", "Apache-HttpClient/5.5 (Java/21)", spot(BILLING, 5))
APPS = (ETL, SYNC, BILLS)


def hire(seed: int, people: int = USUAL) -> tuple[Person, ...]:
    """Everybody, by id; the same for the same seed. At least sixty, or a ValueError."""
    if people < FEWEST:
        raise ValueError(f"a company of {people} people is too small for its stories; use {FEWEST} or more")
    rng = rng_of(seed, "people")
    names = rng.sample([(first, last) for first in _FIRST for last in _LAST], people)
    roles = _roles(people)
    roaming = {place for place, role in enumerate(roles) if role is SALES_REP and place % 8 == 0}
    # one person in Berlin, who is in marketing, has a VPN of their own
    vpn = next(place for place, role in enumerate(roles) if role is MARKETING and _DESKS[place % 20] == 1)
    forecasters = [place for place, role in enumerate(roles) if role is FINANCE][:2]
    found, taken = [], set[str]()
    for place, ((first, last), role) in enumerate(zip(names, roles, strict=True)):
        login = f"{first[0]}.{last}".lower()
        login = login if login not in taken else f"{first}.{last}".lower()
        taken.add(login)
        person = _person(rng, place, login, role, roams=place in roaming)
        found.append(replace(person, vpn=place == vpn, forecasts=place in forecasters))
    return tuple(found)


def _roles(people: int) -> list[Role]:
    """By their shares, at least one of each; the rest sells."""
    counts = {role: max(1, role.share * people // USUAL) for role in ROLES[1:]}
    return [SALES_REP] * (people - sum(counts.values())) + [role for role, n in counts.items() for _ in range(n)]


def _person(rng: random.Random, place: int, login: str, role: Role, *, roams: bool) -> Person:
    office = OFFICES[_DESKS[place % 20]]
    number = place + rng.randrange(40)
    hotels = tuple(spot(network, number) for network in rng.sample(HOTELS, 2)) if roams else ()
    early = round(rng.gauss(0, 25))
    return Person(
        id=f"u{place + 1:03}",
        login=f"{login}@acme.example",
        role=role,
        office=office,
        home=spot(rng.choice(office.homes), number),
        phone_at=spot(office.outside, number),
        agent=rng.choice(_LAPTOPS),
        laptop=f"nb-{rng.getrandbits(32):08x}",
        phone=f"ph-{rng.getrandbits(32):08x}",
        arrives=8 * 60 + 40 + early,
        leaves=17 * 60 + 20 + early,
        on_phone=rng.choice((0.05, 0.1, 0.2, 0.3, 0.6)),
        roams=hotels,
    )
