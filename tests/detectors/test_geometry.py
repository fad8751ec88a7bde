"""The earth: distances against published ones, and countries that touch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.geometry import EARTH, borders, great_circle, touch

LAT, LON = st.floats(-90, 90), st.floats(-180, 180)
HALF = 3.141592653589793 * EARTH


@pytest.mark.parametrize(
    ("a", "b", "km"),
    [
        ((51.4700, -0.4543), (40.6413, -73.7781), 5_540),  # LHR to JFK: 3,442 mi by the airports' great circle
        ((33.9416, -118.4085), (40.6413, -73.7781), 3_974),  # LAX to JFK: 2,470 mi
        ((0.0, 0.0), (0.0, 180.0), HALF),
        ((90.0, 0.0), (-90.0, 0.0), HALF),
        ((0.0, 179.5), (0.0, -179.5), 111.2),
        ((52.5, 13.4), (52.5, 13.4), 0.0),
    ],
)
def test_distances_are_the_published_ones(a: tuple[float, float], b: tuple[float, float], km: float) -> None:
    assert great_circle(*a, *b) == pytest.approx(km, rel=0.003, abs=0.1)


@given(LAT, LON, LAT, LON)
def test_a_distance_is_the_same_both_ways_and_never_beyond_the_antipode(
    lat: float, lon: float, other_lat: float, other_lon: float
) -> None:
    there, back = great_circle(lat, lon, other_lat, other_lon), great_circle(other_lat, other_lon, lat, lon)
    assert there == back
    assert 0 <= there <= HALF + 1e-6


def test_borders_are_told_once_each_in_order() -> None:
    assert len(borders()) == 324
    assert all(first < other and len(first) == len(other) == 2 for first, other in borders())


@pytest.mark.parametrize(
    ("country", "other", "expected"),
    [
        ("DE", "FR", True),
        ("FR", "DE", True),
        ("GB", "IE", True),
        ("US", "CA", True),
        ("GF", "BR", True),
        ("XK", "RS", True),
        ("DE", "DE", True),
        ("IS", "IS", True),
        ("GB", "FR", False),
        ("ES", "DE", False),
        ("GB", "NG", False),
        ("", "", False),
        ("", "DE", False),
    ],
)
def test_countries_that_touch(country: str, other: str, expected: bool) -> None:
    assert touch(country, other) is expected
