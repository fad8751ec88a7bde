"""Files of audit events: every shape is read row by row, and what is broken comes out as it stands."""

from __future__ import annotations

import gzip
import json
from collections import deque
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.dead_letters import DeadLetter
from ingest.files import MOST_ROW, FileUnreadable, rows
from ingest.json_array import elements
from tests.ingest.made import event, normaliser, record


def read(path: Path, content: bytes, source: str = "salesforce") -> list[tuple[int, bytes]]:
    path.write_bytes(content)
    return list(rows(path, source))


def test_json_lines_keep_their_bytes_and_line_numbers(tmp_path: Path) -> None:
    content = b'{"a": 1}\n\n  {"b":  2}\r\n{broken\n{"last": 3}'
    assert read(tmp_path / "x.jsonl", content) == [
        (1, b'{"a": 1}'), (3, b'{"b":  2}'), (4, b"{broken"), (5, b'{"last": 3}'),
    ]  # fmt: skip


def test_a_json_array_keeps_the_bytes_of_its_elements(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbf[\n {"a": "x],\\"y"},\n\n {"b": [1, {"c": 2}]}, 3\n]\n'
    assert read(tmp_path / "x.json", content) == [
        (2, b'{"a": "x],\\"y"}'), (4, b'{"b": [1, {"c": 2}]}'), (4, b"3"),
    ]  # fmt: skip


def test_csv_becomes_json_with_sorted_keys_and_line_feeds_inside_cells(tmp_path: Path) -> None:
    header = b'"EVENT_TYPE","CLIENT_IP","TEXT"\r\n'
    content = header + b'"Login","203.0.113.9","say ""hi""\nthere"\r\n' + header
    found = read(tmp_path / "x.csv", content)
    assert found == [
        (2, b'{"CLIENT_IP":"203.0.113.9","EVENT_TYPE":"Login","TEXT":"say \\"hi\\"\\nthere"}'),
        (4, b'{"CLIENT_IP":"CLIENT_IP","EVENT_TYPE":"EVENT_TYPE","TEXT":"TEXT"}'),
    ]


def test_csv_rows_of_another_width_or_encoding_stay_as_they_stand(tmp_path: Path) -> None:
    content = b"EVENT_TYPE,X\nLogin\nLogin,\xff\nLogin,1,2\nLogin,ok\n"
    assert read(tmp_path / "x.csv", content) == [
        (2, b"Login\n"), (3, b"Login,\xff\n"), (4, b"Login,1,2\n"), (5, b'{"EVENT_TYPE":"Login","X":"ok"}'),
    ]  # fmt: skip


def test_gzip_is_read_alike(tmp_path: Path) -> None:
    content = b'{"a": 1}\n{"b": 2}\n'
    assert read(tmp_path / "x.gz", gzip.compress(content)) == read(tmp_path / "x.jsonl", content)


def test_a_torn_gzip_says_so_after_what_could_be_read(tmp_path: Path) -> None:
    path = tmp_path / "torn.gz"
    path.write_bytes(gzip.compress(b"".join(b'{"a": %d}\n' % i for i in range(50_000)))[:-4_000])
    reading = rows(path, "generic")
    assert next(reading) == (1, b'{"a": 0}')
    with pytest.raises(FileUnreadable, match=r"torn.gz cannot be read \(Compressed file ended .*\); check the file"):
        deque(reading, maxlen=0)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"^none.json cannot be read \(.*No such file.*\); check the file"):
        list(rows(tmp_path / "none.json", "generic"))


def test_csv_of_generic_events_is_refused_as_a_whole(tmp_path: Path) -> None:
    with pytest.raises(
        FileUnreadable, match=r"x\.csv is neither a JSON array nor JSON lines; CSV needs a source of its own"
    ):
        read(tmp_path / "x.csv", b"id,action\n1,record.read\n", "generic")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"[]", b"[ ]\n"])
def test_nothing_is_no_rows(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path / "x", content) == []


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": "' + b"x" * 2_000_000 + b'"}\n{"b": 1}\n',
        b'[{"a": "' + b'x\\"' * 1_000_000 + b'"}, {"b": 1}]',
        b'"A","B"\n"1","' + b"x" * 2_000_000 + b'"\n"2","3"\n',
    ],
    ids=["lines", "array", "csv"],
)
def test_an_endless_row_is_cut_refused_as_too_large_and_the_rest_is_read(tmp_path: Path, content: bytes) -> None:
    first, second = read(tmp_path / "x", content)
    assert len(first[1]) == MOST_ROW
    outcome = normaliser().normalise(record(first[1]))
    assert isinstance(outcome, DeadLetter)
    assert (outcome.code, outcome.raw) == ("too_large", "")
    assert json.loads(second[1]) in ({"b": 1}, {"A": "2", "B": "3"})


def test_an_unclosed_quote_in_csv_does_not_swallow_the_file(tmp_path: Path) -> None:
    lines = b"".join(b'"%d","y"\n' % i for i in range(60_000))
    found = read(tmp_path / "x.csv", b'"A","B"\n"1","open\n' + lines)
    assert (len(found), found[0], found[-1]) == (60_001, (2, b'"1","open\n'), (60_002, b'{"A":"59999","B":"y"}'))


def test_an_unclosed_quote_near_the_end_of_a_csv_costs_one_row(tmp_path: Path) -> None:
    found = read(tmp_path / "x.csv", b'"A","B"\n"1","open\n"2","y"\n"3","z"')
    assert found == [(2, b'"1","open\n'), (3, b'{"A":"2","B":"y"}'), (4, b'{"A":"3","B":"z"}')]


objects = st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda d: st.lists(d, max_size=3) | st.dictionaries(st.text(max_size=4), d, max_size=3),
)


@given(whole=st.lists(objects, max_size=6), chunk=st.integers(1, 40), indent=st.sampled_from([None, 1]))
def test_an_array_is_the_same_however_it_is_cut_into_chunks(whole: list[Any], chunk: int, indent: int | None) -> None:
    text = json.dumps(whole, indent=indent).encode()
    parts = iter([text[at : at + chunk] for at in range(0, len(text), chunk)])
    found = list(elements(lambda: next(parts, b""), most=10_000))
    assert [json.loads(raw) for _, raw in found] == whole
    assert (
        all(text.splitlines()[line - 1].lstrip().startswith(raw.splitlines()[0]) for line, raw in found) or not indent
    )


def test_what_is_broken_in_an_array_becomes_a_dead_letter_not_an_error(tmp_path: Path) -> None:
    content = b"[" + json.dumps(event()).encode() + b', {"a": 1, {nonsense}, "open]'
    outcomes = [normaliser().normalise(record(raw)) for _, raw in read(tmp_path / "x", content, "generic")]
    assert [type(outcome).__name__ for outcome in outcomes] == ["list", "DeadLetter"]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_record_or_a_page_may_be_printed_over_many_lines(tmp_path: Path, indent: int | None) -> None:
    one, page = {"id": "a", "actor": {"id": "u7"}}, {"records": [{"Id": "1"}, {"Id": "2"}], "done": True}
    (tmp_path / "one.json").write_text("\n" + json.dumps(one, indent=indent) + "\n")
    (tmp_path / "page.json").write_text(json.dumps(page, indent=indent))
    (found,) = rows(tmp_path / "one.json", "generic")
    assert (found[0], json.loads(found[1])) == (2, one)
    assert list(rows(tmp_path / "page.json", "salesforce")) == [(1, b'{"Id":"1"}'), (1, b'{"Id":"2"}')]


def test_lines_after_a_broken_first_one_keep_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'\n{"id": "torn\n{"id": "b"}\n\n{"id": "c"}')
    assert list(rows(tmp_path / "x.jsonl", "generic")) == [
        (2, b'{"id": "torn'),
        (3, b'{"id": "b"}'),
        (5, b'{"id": "c"}'),
    ]


def test_what_is_neither_json_nor_csv_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("tests:\n  -\n    sample: 1\n")
    with pytest.raises(FileUnreadable) as unreadable:
        list(rows(tmp_path / "x.yaml", "hubspot"))
    assert str(unreadable.value) == (
        "x.yaml is neither JSON nor CSV with a header of several columns; bring in JSON lines, a JSON array or CSV"
    )
