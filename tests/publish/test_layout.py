"""Only what spm_lib made and marked reaches a page, and a client's words stay words."""

from __future__ import annotations

from itertools import pairwise

import nbformat
import pytest
from nbformat import v4

from spm_lib.errors import PublishError
from spm_lib.fragment import Fragment, Html, client_text, tag
from spm_lib.publish.archive import archived
from spm_lib.publish.execute import execute
from spm_lib.publish.exporter import export
from spm_lib.publish.layout import layout
from spm_lib.publish.parameters import OfClient
from spm_lib.publish.proof import proofread
from spm_lib.publish.prose import prose
from tests.publish.small import HOSTILE, Markup, notebook, weekly_review, write_client

RUNNING = (
    "javascript:",
    "JaVaScRiPt:",
    "data:text/html,",
    "vbscript:",
    "//evil.example",
    "http://evil.example",
)


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The executed notebook with every kind of output, and the parameters it ran with."""
    folder = tmp_path_factory.mktemp("layout")
    write_client(folder / "home")
    (folder / "keep").mkdir()
    given = OfClient(client="acme", week="2026-W46", home=str(folder / "home"), keep=str(folder / "keep"))
    return execute(weekly_review(), given, name="weekly_review.ipynb"), given


@pytest.fixture(scope="module")
def page(executed):
    return export(executed[0], name="weekly_review.ipynb", foot=("Made for Kim", HOSTILE, "2026-W46"))


def shown(*outputs, heading="## Question"):
    """An executed notebook of one question whose code showed these (data, metadata)."""
    cell = v4.new_code_cell("show()", execution_count=1)
    cell.outputs = [v4.new_output("display_data", data, metadata=metadata) for data, metadata in outputs]
    made = notebook(heading)
    made.cells.append(cell)
    return made


def marked(fragment):
    return fragment._repr_mimebundle_()


def test_what_is_not_marked_stays_behind(executed, page):
    outputs = str([cell.get("outputs") for cell in executed[0].cells])
    # each of these was shown by the run
    for mime in ("text/html", "text/markdown", "application/javascript", "text/vnd.mermaid", "text/latex"):
        assert mime in outputs
    assert "unmarked" in outputs
    assert "unmarked" not in page.lower()
    assert "dataframe" not in page
    assert "was-opened" not in page
    assert "was-warned" not in page


def test_a_hostile_clients_words_arrive_as_words(page):
    read = Markup(page)
    assert read.faults == []
    assert not {"script", "img"} & set(read.tags)
    # the direction sign is gone and the rest is one line of text, word for word
    assert HOSTILE.replace("\u202e", "") in read.text.replace("  ", " ")
    assert [link for link in read.links if not link.startswith(("#", "https://"))] == []
    assert "{{7*7}}" in page


def test_the_page_passes_the_proofreading(page, executed):
    assert proofread(page, name="weekly_review.html") == []


def test_the_page_has_title_header_question_answer_margin_and_foot(page):
    read = Markup(page)
    assert "<title>Review of acme, 2026-W46</title>" in page
    assert read.tags["h1"] == read.tags["main"] == read.tags["footer"] == 1
    assert 'id="who-b-won-b"' in page
    assert "Who &lt;b&gt;won&lt;/b&gt;?" in page
    assert "a note in the margin" in read.text
    assert f"Made for Kim · {HOSTILE} · 2026-W46" in read.text
    assert "The title of the notebook" not in read.text


def test_a_question_whose_code_showed_nothing_is_left_out(page):
    assert "Never answered" not in page
    assert "A word on it" not in page


def test_no_code_and_no_parameter_reaches_the_page(page, executed):
    assert executed[1].home not in page
    for code in ("import json", "Fragment(", "to_parquet", "2026-W01"):
        assert code not in page


def test_the_same_notebook_gives_the_same_bytes_and_is_left_alone(executed, page):
    before = nbformat.writes(executed[0])
    again = export(executed[0], name="weekly_review.ipynb", foot=("Made for Kim", HOSTILE, "2026-W46"))
    assert again == page
    assert nbformat.writes(executed[0]) == before


def test_a_mark_that_is_not_exactly_ours_does_not_count():
    for mark in ({"spm": "true"}, {"spm": 1}, {"role": "figure"}, {}):
        assert layout(shown(({"text/html": "<b>x</b>"}, {"text/html": mark}))).sections == []


def test_a_role_nobody_knows_is_left_out():
    for role in ("sheet", "script", "<b>"):
        made = shown(({"text/html": "<b>x</b>"}, {"text/html": {"spm": True, "role": role}}))
        assert layout(made).sections == []


def test_fragments_go_where_their_role_says_in_source_order():
    pieces = [("a", "figure"), ("b", "figure"), ("c", "note"), ("d", "block"), ("e", "figure")]
    made = shown(*(marked(Fragment(tag("p", word), word, role)) for word, role in pieces))
    (section,) = layout(made).sections
    assert section.heading == "Question"
    assert section.wrapped == [
        ("col", "<p>a</p>\n<p>b</p>"),
        ("note", "<p>c</p>"),
        ("wide", "<p>d</p>"),
        ("col", "<p>e</p>"),
    ]


def test_a_lead_stands_alone_between_sections():
    lead = Fragment(tag("section", "lead"), "", "lead")
    made = shown(marked(Fragment(tag("p", "before"), "")), marked(lead))
    kinds = [section.is_lead for section in layout(made).sections]
    assert kinds == [False, True]


def test_two_questions_of_one_name_have_two_ids():
    made = shown(marked(Fragment(tag("p", "a"), "")))
    made.cells += shown(marked(Fragment(tag("p", "b"), ""))).cells
    ids = [section.id for section in layout(made).sections]
    assert ids == ["question", "question-2"]


def test_a_cell_tagged_to_be_removed_leaves_nothing():
    made = shown(marked(Fragment(tag("p", "a"), "")))
    made.cells[-1].metadata["tags"] = ["remove-cell"]
    assert layout(made).sections == []


def test_a_notebook_that_shows_nothing_is_no_page():
    with pytest.raises(PublishError, match="shows nothing") as refused:
        export(notebook("## Only a question", "1"), name="empty.ipynb")
    assert refused.value.where == "empty.ipynb"


@pytest.mark.parametrize("address", RUNNING)
def test_prose_links_only_where_nothing_can_run_or_be_asked(address):
    for markdown in (f"[words]({address}x)", f"[words][1]\n\n[1]: {address}x", f"![words]({address}x)"):
        html = prose(markdown)
        assert "words" in html
        assert "href" not in html
        assert "src" not in html


def test_raw_html_in_prose_is_shown_as_text():
    for markdown in (
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<details open ontoggle=x>",
    ):
        assert "<" not in prose(markdown).removeprefix("<p>").removesuffix("</p>")


def test_a_name_that_reads_from_the_right_moves_nothing_else():
    assert client_text("שלום") == Html("<bdi>שלום</bdi>")
    html = export(shown(marked(Fragment(tag("p", "a"), ""))), name="x.ipynb", foot=("שלום", "2026-W46"))
    assert "<bdi>שלום</bdi> · <bdi>2026-W46</bdi>" in html


def test_the_archived_notebook_tells_results_and_nothing_of_the_machine(executed):
    made, given = executed
    text = archived(made, given, [])
    kept = nbformat.reads(text, as_version=4)
    nbformat.validate(kept)
    assert [set(cell.metadata) - {"tags"} for cell in kept.cells] == [set()] * len(kept.cells)
    injected = [cell for cell in kept.cells if "injected-parameters" in cell.metadata.get("tags", [])]
    assert [cell.source for cell in injected] == ["client = 'acme'\nweek = '2026-W46'"]
    assert "was-opened" in text
    assert "was-warned" not in text
    assert "unmarked stream" in text
    assert "papermill" not in text


def test_archiving_joins_what_was_printed_in_several_goes_and_drops_addresses():
    outputs = [
        v4.new_output("stream", name="stdout", text="one "),
        v4.new_output("stream", name="stderr", text="noise"),
        v4.new_output("stream", name="stdout", text="two <object at 0x7f00deadbeef>"),
    ]
    given = OfClient(client="acme", week="2026-W46", home="x")
    texts = []
    for order in ([0, 1, 2], [1, 0, 2]):
        made = notebook("1")
        made.cells[-1].outputs = [nbformat.from_dict(dict(outputs[n])) for n in order]
        texts.append(archived(made, given))
        assert [dict(one) for one in nbformat.reads(texts[-1], as_version=4).cells[-1].outputs] == [
            {"name": "stdout", "output_type": "stream", "text": "one two <object>"}
        ]
    assert all(one == other for one, other in pairwise(texts))
