"""Data over time: an old event keeps its answer, whoever asks again and whatever was taken up since."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from domain.errors import SettingsInvalid
from ingest.enrich.enricher import Dataset, Enricher
from ingest.enrich.origin import Origin
from ingest.enrich.settings import EnrichSettings, Override
from ingest.enrich.versions import NOTICE, Versions
from tests.ingest.enrich.mmdb_file import write

#: 2026-11-24T09:00:00Z.
NOW = 1_795_510_800_000
DAY = 86_400_000
IP = "81.2.69.142"


def city(path: Path, name: str) -> Path:
    draft = path.with_suffix(".new")
    write(
        draft, {"81.2.69.0/24": {"country_code": "GB", "city": name, "latitude": 51.0, "longitude": 0.0}}, kind="Mine"
    )
    draft.replace(path)
    return path


def test_what_was_stored_keeps_its_place_when_the_data_changes(tmp_path: Path) -> None:
    mine = EnrichSettings(city_mmdb=str(city(tmp_path / "city.mmdb", "Deal")))
    enricher = Enricher(Versions(tmp_path / "geo"))
    assert enricher.take_up(mine, at=NOW)
    before = {at: enricher.origin(IP, at) for at in (0, NOW - DAY, NOW, NOW + DAY + NOTICE - 1)}
    assert {origin.city for origin in before.values()} == {"Deal"}

    city(tmp_path / "city.mmdb", "Hythe")
    assert enricher.take_up(mine, at=NOW + DAY)
    stalled = Enricher(Versions(tmp_path / "geo"))
    assert stalled.read()
    (tmp_path / "city.mmdb").unlink()
    for each in (enricher, stalled):
        assert {at: each.origin(IP, at) for at in before} == before
        assert each.origin(IP, NOW + DAY + NOTICE).city == "Hythe"
    assert stalled.datasets(NOW + 2 * DAY)[0] == Dataset("places", "Mine", "2026-06-05", NOW + DAY + NOTICE)
    assert stalled.datasets(NOW)[0] == Dataset("places", "Mine", "2026-06-05", 0)


def test_a_change_of_overrides_is_a_version_too_and_nothing_else_is(tmp_path: Path) -> None:
    versions = Versions(tmp_path / "geo")
    office = EnrichSettings(overrides={"81.2.69.0/24": Override(network="corporate")})
    assert [v.effective_from for v in versions.take_up(EnrichSettings(), at=NOW)] == [0]
    assert [v.effective_from for v in versions.take_up(EnrichSettings(), at=NOW + 5)] == [0]
    assert [v.effective_from for v in Versions(tmp_path / "geo").take_up(office, at=NOW)] == [0, NOW + NOTICE]
    assert [v.effective_from for v in Versions(tmp_path / "geo").take_up(office, at=NOW)] == [0, NOW + NOTICE]
    enricher = Enricher(versions)
    enricher.read()
    assert [enricher.origin(IP, at).network for at in (NOW, NOW + NOTICE)] == ["unknown", "corporate"]


def test_two_processes_with_other_settings_do_not_take_turns_for_ever(tmp_path: Path) -> None:
    one, other = Versions(tmp_path / "geo"), Versions(tmp_path / "geo")
    office = EnrichSettings(overrides={"81.2.69.0/24": Override(network="corporate")})
    for at in range(5):
        one.take_up(EnrichSettings(), at=at)
        other.take_up(office, at=at)
    assert len(one.read()) == 2


def test_a_version_that_another_process_writes_first_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late, first = Versions(tmp_path / "geo"), Versions(tmp_path / "geo")
    office = EnrichSettings(overrides={"81.2.69.0/24": Override(network="corporate")})
    link = os.link

    def beaten(source: Path, target: Path) -> None:
        monkeypatch.setattr(os, "link", link)
        first.take_up(EnrichSettings(), at=NOW)
        link(source, target)

    monkeypatch.setattr(os, "link", beaten)
    found = late.take_up(office, at=NOW)
    assert found == first.read()
    assert [(v.effective_from, len(v.overrides)) for v in found] == [(0, 0), (NOW + NOTICE, 1)]


def test_a_file_that_cannot_be_used_is_named_and_what_was_in_effect_stays(tmp_path: Path) -> None:
    path = city(tmp_path / "city.mmdb", "Deal")
    mine = EnrichSettings(city_mmdb=(str(path),))
    enricher = Enricher(Versions(tmp_path / "geo"))
    enricher.take_up(mine, at=NOW)
    path.write_bytes(b"half a file")
    with pytest.raises(SettingsInvalid, match=r"ingest: enrich: city_mmdb: .*city\.mmdb cannot be used"):
        enricher.take_up(mine, at=NOW + DAY)
    assert enricher.origin(IP, NOW + 2 * DAY).city == "Deal"
    with pytest.raises(SettingsInvalid, match=r"asn_mmdb: /no/such\.mmdb cannot be used"):
        enricher.take_up(EnrichSettings(asn_mmdb="/no/such.mmdb"), at=NOW)
    assert not list((tmp_path / "geo").glob(".*"))


def test_before_anything_is_taken_up_the_answer_is_what_would_be(tmp_path: Path) -> None:
    mine = EnrichSettings(city_mmdb=str(city(tmp_path / "city.mmdb", "Deal")))
    looking, taking = Enricher(Versions(tmp_path / "geo")), Enricher(Versions(tmp_path / "geo"))
    assert not looking.read()
    looking.preview(mine)
    assert not (tmp_path / "geo").exists()
    taking.take_up(mine, at=NOW)
    assert looking.answer(IP, NOW) == taking.answer(IP, NOW)
    assert looking.datasets(NOW) == taking.datasets(NOW)
    assert looking.origin("10.0.0.1", NOW) == Origin(network="corporate")
