"""The second pair of eyes: a page that could run, ask or tell is not published."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from spm_lib.errors import PublishError
from spm_lib.publish.machine import places_of, without_places
from spm_lib.publish.proof import HEAVY, proofread

TAGS = [
    *("script", "iframe", "frame", "object", "embed", "applet", "link", "base", "form", "input", "button"),
    *("textarea", "img", "image", "picture", "audio", "video", "source", "foreignObject", "animate", "set"),
    *("template", "slot", "portal"),
]


def refusal(html, **given):
    with pytest.raises(PublishError, match="not published") as caught:
        proofread(html, name="page.html", **given)
    assert caught.value.where == "page.html"
    return caught.value.given


@pytest.mark.parametrize("tag", TAGS)
def test_an_element_that_could_run_or_ask_is_refused(tag):
    assert f"a <{tag.lower()}> element" in refusal(f"<p>a<{tag}>b")
    assert proofread(f"<p>a&lt;{tag}&gt;b</p>", name="page.html") == []


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<p onclick='x()'>", "an attribute onclick"),
        ("<svg OnLoad=x>", "an attribute onload"),
        ("<details ontoggle>", "an attribute ontoggle"),
        ("<p srcdoc='x'>", "an attribute srcdoc"),
        ("<a href='javascript:x'>", "an address in href: javascript:x"),
        ("<a href=' jAvascript:x'>", "an address in href"),
        ("<a href='java&#9;script:x'>", "an address in href"),
        ("<a href='&#106;avascript:x'>", "an address in href: javascript:x"),
        ("<a href='data:text/html,x'>", "an address in href"),
        ("<a href='http://x'>", "an address in href"),
        ("<a href='//x'>", "an address in href"),
        ("<a href='other.html'>", "an address in href"),
        ("<a href='file:///etc'>", "an address in href"),
        ("<a ping='https://x' href='#'>", "an address in ping"),
        ("<use href='https://x#y'>", "an address in href"),
        ("<use xlink:href='data:x'>", "an address in xlink:href"),
        ("<blockquote cite='https://x'>", "an address in cite"),
        ("<td background='https://x'>", "an address in background"),
        ("<meta http-equiv='Refresh' content='0'>", "reloads itself"),
        ("<p style='background:url(https://x)'>", "a style that asks"),
        ("<p style='background:image-set(\"https://x\" 1x)'>", "a style that asks"),
        ("<rect fill='url(//x)'>", "a style that asks"),
        ("<style>@import 'x';</style>", "a style sheet that asks"),
        ("<style>p{background:URL( 'https://x')}</style>", "a style sheet that asks"),
        ("<p id='a'><p id='a'>", "the id 'a' 2 times"),
    ],
)
def test_what_runs_asks_or_confuses_is_refused(html, said):
    assert said in refusal(html)


@pytest.mark.parametrize(
    "html",
    [
        "<a href='#top' id='top'>",
        "<a href='https://example.com'>",
        "<a href='mailto:kim@example.com'>",
        "<p style='--v:30%'>",
        "<rect fill='url(#stripes)' id='stripes'>",
        "<style>p{color:red}</style>",
        "<p title='url(https://x)'>javascript:x and @import and onclick=x</p>",
    ],
)
def test_what_is_harmless_passes(html):
    assert proofread(html, name="page.html") == []


def test_a_link_to_a_file_beside_the_page_passes_only_when_it_is_named():
    assert proofread("<a href='a/b.html'>", name="index.html", links={"a/b.html"}) == []
    assert "an address in href" in refusal("<a href='a/c.html'>", links={"a/b.html"})


def test_a_heavy_page_and_a_link_that_leads_nowhere_are_said():
    heavy = f"<p>{'x' * HEAVY}</p><a href='#lost'>"
    assert proofread(heavy, name="page.html") == [
        "page.html weighs 500 kB, more than 500 kB.",
        "page.html links to #lost, which is not on it.",
    ]


@pytest.mark.parametrize(
    "html",
    [
        "<p>/srv/spm/data/acme</p>",
        "<!-- /srv/spm/data -->",
        "<p title='(/srv/spm/data)'>",
        "<p>&#47;srv/spm/data</p>",
    ],
)
def test_a_path_of_this_machine_is_refused_wherever_it_stands(html):
    assert refusal(html, places=[Path("/srv/spm/data")]) == "a path of this machine"


def test_what_only_looks_like_a_path_passes():
    places = [Path("/srv/spm/data"), Path("/tmp"), Path("/")]
    for text in ("/srv/spm/database", "x/srv/spm/data", "/tmp", "and/or", "/ tmp/"):
        assert proofread(f"<p>{text}</p>", name="page.html", places=places) == []


def test_the_machines_own_folders_are_among_the_places(tmp_path):
    places = places_of(tmp_path / "reports")
    checkout = Path(__file__).resolve().parents[2]
    for place in (tmp_path / "reports", checkout, Path(sys.prefix), Path(tempfile.gettempdir()), Path.home()):
        assert place in places
    assert [len(str(place)) for place in places] == sorted((len(str(p)) for p in places), reverse=True)


def test_a_text_without_places_keeps_everything_else():
    places = [Path("/srv/spm/data"), Path("/srv/spm"), Path("/tmp"), Path("/")]
    assert without_places("in /srv/spm/data/acme/x.md, line 2", places) == "in acme/x.md, line 2"
    assert without_places("home '/srv/spm/data' is empty", places) == "home 'data' is empty"
    assert without_places("/srv/spm/reports and /tmp/spm-1/k", places) == "reports and spm-1/k"
    assert without_places("/srv/spm-2, and/or, /tmp", places) == "/srv/spm-2, and/or, /tmp"
