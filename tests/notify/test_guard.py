"""Where a webhook may not go: the block list as a table, odd spellings, names that change their answer."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from notify.guard import Pinned, Refused, Target, Unresolved, check, is_public

BLOCKED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.8.8.8",
    "169.254.169.254", "172.16.0.1", "172.31.255.254", "192.0.0.1", "192.0.0.255", "192.0.2.1", "192.88.99.1",
    "192.168.1.1", "198.18.0.1", "198.19.255.254", "198.51.100.1", "203.0.113.9", "224.0.0.1", "239.255.255.255",
    "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1",
    "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "febf::1", "fec0::1", "ff02::1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
    "192.0.1.1", "192.88.98.1", "198.17.255.255", "198.20.0.1", "223.255.255.255", "::ffff:8.8.8.8", "2606:4700::1111",
    "2a00:1450:4001::1",
]  # fmt: skip


@pytest.mark.parametrize("address", BLOCKED)
def test_an_address_that_is_not_public_is_blocked(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_not_blocked(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "127.1",
        "[::1]",
        "[::ffff:7f00:1]",
        "localhost",
    ],
)
async def test_odd_spellings_of_the_own_machine_are_refused(host: str) -> None:
    with pytest.raises(Refused, match="not a public address"):
        await check(f"https://{host}/hook")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://hooks.example.com/", "only https"),
        ("ftp://hooks.example.com/", "only https"),
        ("file:///etc/passwd", "names no host"),
        ("//hooks.example.com/", "only https"),
        ("", "names no host"),
        ("https:///hook", "names no host"),
        ("https://hooks.example.com:22/", "port 22"),
        ("https://hooks.example.com:99999/", "cannot be read"),
        ("https://user:s3cret@hooks.example.com/", "name or password"),
        ("https://hooks.example.com@127.0.0.1/", "name or password"),
        ("https://hooks.example.com\\@127.0.0.1/", "name or password"),
        ("https://hooks.example.com/a b", "names no host"),
    ],
)
async def test_a_url_of_another_shape_is_refused(url: str, reason: str) -> None:
    async def never(host: str, port: int) -> list[str]:
        raise AssertionError("nothing is looked up for it")

    with pytest.raises(Refused, match=reason) as refusal:
        await check(url, lookup=never)
    assert "s3cret" not in str(refusal.value)


async def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    async def mixed(host: str, port: int) -> list[str]:
        return ["8.8.8.8", "2606:4700::1111", "10.0.0.8"]

    with pytest.raises(Refused, match=r"hooks\.example\.com is 10\.0\.0\.8"):
        await check("https://hooks.example.com/", lookup=mixed)


async def test_a_name_that_changes_its_answer_is_asked_once_and_connected_to_as_checked() -> None:
    answers = [["8.8.8.8"], ["127.0.0.1"]]

    async def flipping(host: str, port: int) -> list[str]:
        return answers.pop(0)

    target = await check("https://hooks.example.com:8443/a", lookup=flipping)
    assert target == Target("https://hooks.example.com:8443/a", "hooks.example.com", 8443, ("8.8.8.8",))
    resolved = await Pinned(target).resolve("hooks.example.com", 8443, socket.AF_UNSPEC)
    assert [(entry["hostname"], entry["host"], entry["port"]) for entry in resolved] == [
        ("hooks.example.com", "8.8.8.8", 8443)
    ]
    assert len(answers) == 1


async def test_private_receivers_are_taken_when_the_channel_allows_them() -> None:
    assert (await check("http://127.0.0.1:8080/", allow_private=True)).addresses == ("127.0.0.1",)
    with pytest.raises(Refused, match="only https"):
        await check("gopher://127.0.0.1:8080/", allow_private=True)


async def test_a_name_without_an_address_can_be_tried_again() -> None:
    async def nobody(host: str, port: int) -> list[str]:
        return []

    with pytest.raises(Unresolved, match="no address"):
        await check("https://hooks.example.com/", lookup=nobody)
    with pytest.raises(Unresolved, match="cannot be looked up"):
        await check("https://no-such-host.invalid/")
