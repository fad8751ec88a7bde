"""The earth as detectors need it: the least distance between two uncertain places, and which countries touch. Pure."""

from __future__ import annotations

from functools import cache
from math import asin, cos, radians, sin, sqrt
from typing import Final

#: Mean radius of the earth in km (IUGG).
EARTH: Final = 6371.0088

# Pairs of countries with a common land border, each told once, at its first country in order: the shared lines of
# Natural Earth 1:10m (public domain), by ISO 3166 code. French Guiana is GF and Kosovo XK, as geographic databases have
# them; Somaliland is part of SO; Botswana-Zambia and China-Macao are added, between which the map leaves a gap.
_BORDERS: Final = """
AD:ES,FR AE:OM,SA AF:CN,IR,PK,TJ,TM,UZ AL:GR,ME,MK,XK AM:AZ,GE,IR,TR AO:CD,CG,NA,ZM AR:BO,BR,CL,PY,UY
AT:CH,CZ,DE,HU,IT,LI,SI,SK AZ:GE,IR,RU,TR BA:HR,ME,RS BD:IN,MM BE:DE,FR,LU,NL BF:BJ,CI,GH,ML,NE,TG
BG:GR,MK,RO,RS,TR BI:CD,RW,TZ BJ:NE,NG,TG BN:MY BO:BR,CL,PE,PY BR:CO,GF,GY,PE,PY,SR,UY,VE BT:CN,IN
BW:NA,ZA,ZM,ZW BY:LT,LV,PL,RU,UA BZ:GT,MX CA:US CD:CF,CG,RW,SS,TZ,UG,ZM CF:CG,CM,SD,SS,TD CG:CM,GA
CH:DE,FR,IT,LI CI:GH,GN,LR,ML CL:PE CM:GA,GQ,NG,TD CN:HK,IN,KG,KP,KZ,LA,MM,MN,MO,NP,PK,RU,TJ,VN
CO:EC,PA,PE,VE CR:NI,PA CZ:DE,PL,SK DE:DK,FR,LU,NL,PL DJ:ER,ET,SO DO:HT DZ:EH,LY,MA,ML,MR,NE,TN EC:PE
EE:LV,RU EG:IL,LY,PS,SD EH:MA,MR ER:ET,SD ES:FR,GI,MA,PT ET:KE,SD,SO,SS FI:NO,RU,SE FR:IT,LU,MC GA:GQ GB:IE
GE:RU,TR GF:SR GH:TG GM:SN GN:GW,LR,ML,SL,SN GR:MK,TR GT:HN,MX,SV GW:SN GY:SR,VE HN:NI,SV HR:HU,ME,RS,SI
HU:RO,RS,SI,SK,UA ID:MY,PG,TL IL:JO,LB,PS,SY IN:MM,NP,PK IQ:IR,JO,KW,SA,SY,TR IR:PK,TM,TR IT:SI,SM,VA
JO:PS,SA,SY KE:SO,SS,TZ,UG KG:KZ,TJ,UZ KH:LA,TH,VN KP:KR,RU KW:SA KZ:RU,TM,UZ LA:MM,TH,VN LB:SY LR:SL LS:ZA
LT:LV,PL,RU LV:RU LY:NE,SD,TD,TN MD:RO,UA ME:RS,XK MF:SX MK:RS,XK ML:MR,NE,SN MM:TH MN:RU MR:SN MW:MZ,TZ,ZM
MX:US MY:TH MZ:SZ,TZ,ZA,ZM,ZW NA:ZA,ZM NE:NG,TD NG:TD NO:RU,SE OM:SA,YE PL:RU,SK,UA QA:SA RO:RS,UA RS:XK
RU:UA RW:TZ,UG SA:YE SD:SS,TD SK:UA SS:UG SY:TR SZ:ZA TJ:UZ TM:UZ TZ:UG,ZM ZA:ZW ZM:ZW
"""


def great_circle(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """The distance in km of two points in degrees, on a sphere (haversine): within 0.6 % of the ellipsoid's."""
    if lat_a == lat_b and lon_a == lon_b:
        return 0.0
    phi_a, phi_b = radians(lat_a), radians(lat_b)
    north, east = sin((phi_b - phi_a) / 2), sin(radians(lon_b - lon_a) / 2)
    return 2 * EARTH * asin(min(1.0, sqrt(north * north + cos(phi_a) * cos(phi_b) * east * east)))


@cache
def borders() -> frozenset[tuple[str, str]]:
    """Every pair of countries (ISO 3166 alpha-2, in order) with a common land border."""
    lines = (entry.partition(":") for entry in _BORDERS.split())
    return frozenset((first, other) for first, _, others in lines for other in others.split(","))


def touch(country: str, other: str) -> bool:
    """Whether the two are one country or have a common land border; an unknown country touches none."""
    if country == other:
        return bool(country)
    return ((country, other) if country < other else (other, country)) in borders()
