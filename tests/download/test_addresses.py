from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthycities.download.addresses import at_mirror, require_https, without_secrets
from healthycities.errors import DownloadError

WORDS = st.text("abcdefghij0123456789%._~-", min_size=1, max_size=8)
PAIRS = st.tuples(WORDS.map(lambda word: f"q{word}"), WORDS).map("=".join)
SECRETS = st.sampled_from(["uid", "UID", "u%69d", "token", "api_key", "X-Amz-Signature", "sig"])


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://a.uk/x?uid=0x1", "https://a.uk/x"),
        ("https://a.uk/x?date=1&uid=0x1&b=2", "https://a.uk/x?date=1&b=2"),
        ("https://me:word@a.uk/x", "https://a.uk/x"),
        ("https://a.uk/x@y?druid=1", "https://a.uk/x@y?druid=1"),
        ("https://a.uk/x#access_token=1", "https://a.uk/x"),
        (
            "https://a.uk?where=1%3D1&f=geojson&redirect",
            "https://a.uk?where=1%3D1&f=geojson&redirect",
        ),
        ("/x?a=1&uid=0x1", "/x?a=1"),
    ],
)
def test_secrets_are_left_out_and_nothing_else(address: str, told: str):
    """Parameters and passwords that let one in go; everything else stays as it was written."""
    assert without_secrets(address) == told


@given(st.lists(PAIRS, min_size=1, max_size=5), SECRETS, st.integers(0, 5))
def test_an_address_is_the_same_with_and_without_its_secret(
    pairs: list[str], secret: str, place: int
):
    """Wherever the secret stands among the parameters, what is told is the address without it."""
    plain = f"https://a.uk/x?{'&'.join(pairs)}"
    pairs.insert(place, f"{secret}=HIDDEN")
    assert without_secrets(f"https://a.uk/x?{'&'.join(pairs)}") == plain
    assert without_secrets(plain) == plain


@pytest.mark.parametrize("address", ["https://a.uk", "HTTPS://a.uk/x", "https://[::1]:8080/x"])
def test_https_is_asked(address: str):
    """Any host over https may be asked."""
    require_https(address)


@pytest.mark.parametrize(
    "address", ["http://a.uk", "//a.uk", "a.uk/x", "file:///x", "https://", "https://[a.uk/x", ""]
)
def test_nothing_else_is_asked(address: str):
    """Another scheme, no scheme, no host, or what is no address at all, is refused."""
    with pytest.raises(DownloadError, match="only https addresses are asked"):
        require_https(address)
    with pytest.raises(DownloadError, match=r"^https://b\.uk/x: leads to .* only https"):
        require_https(address, led_from="https://b.uk/x?uid=1")


MIRRORS = {
    "https://a.uk": "https://m1",
    "https://a.uk/deep": "https://m2/d",
    "https://b.uk/": "https://m3/",
}


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("https://a.uk", "https://m1"),
        ("https://a.uk/x?y", "https://m1/x?y"),
        ("https://a.uk?y", "https://m1?y"),
        ("https://a.uk/deep/x", "https://m2/d/x"),
        ("https://a.uk/deeper/x", "https://m1/deeper/x"),
        ("https://a.uk.example/x", "https://a.uk.example/x"),
        ("https://b.uk/x", "https://m3/x"),
        ("https://c.uk/https://a.uk", "https://c.uk/https://a.uk"),
    ],
)
def test_the_longest_beginning_has_its_mirror(address: str, asked: str):
    """A beginning ends where a part of the address ends; what has no mirror stays."""
    assert at_mirror(address, MIRRORS) == asked
