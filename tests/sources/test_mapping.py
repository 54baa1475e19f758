"""An impossible mapping is refused when it is read, with the place and with what is possible."""

from __future__ import annotations

import pytest

from spm_lib import sources
from spm_lib.errors import ClientError
from tests.sources.typed_in import MAPPING


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("as_of:", "colour: red\nas_of:", "colour"),
        ("required: [id, stage]", "required: [id, state]", "'state' is not among the columns"),
        ("name: Deal Name", "name: Deal ID", "share the header 'deal id'"),
        ("id: [Deal ID", "ID: [Deal ID", "not a column name: 'ID'"),
        ("opportunities:", "deals:", "tables.deals is not a table; tables are opportunities, changes"),
        ("needs: [deals]", "needs: [leads]", "asks for 'leads'; files are deals"),
        ("labels: [Qualified To Buy]", "labels: [closed won]", "share the label 'closed won'"),
        ("as_of:", "time_zone: Central\nas_of:", "not a time zone: 'Central'"),
        ("as_of:", "dates: [MM/DD/YYYY]\nas_of:", "not a format: 'MM/DD/YYYY'"),
        ("from: name, day: end", "fixed: 2018-01-01", "write it with its offset"),
        ("required: [id, stage]", "required: [id, stage]\n    unpivot: {x: '('}", "not a pattern"),
        ("required: [id, stage]", "required: [id, stage]\n    types: {amount: dollars}", "amount"),
        ("as_of:", "values: {a: {b: [x], c: [X]}}\nas_of:", "'x' means 'b' and 'c'"),
        ("needs: [deals]\n", "\n", "say which files it needs"),
        ("category: won", "category: winning", "category"),
        (
            "required: [id, stage]",
            "required: [id, stage]\n    encoding: klingon",
            "not an encoding: 'klingon'",
        ),
    ],
)
def test_what_is_impossible_is_refused_with_what_is_possible(load, before, after, said):
    assert before in MAPPING
    with pytest.raises(ClientError) as refused:
        load(MAPPING.replace(before, after, 1))
    assert said in str(refused.value)
    assert "test-client/mapping.yaml" in str(refused.value)


def test_a_folder_without_a_mapping_and_an_unknown_preset_name_the_presets(tmp_path, client, load):
    with pytest.raises(ClientError, match="hubspot, pipedrive, salesforce"):
        sources.load_mapping(tmp_path / "nowhere", client)
    with pytest.raises(ClientError, match="presets are hubspot, pipedrive, salesforce"):
        load("preset: zoho\n")


@pytest.mark.parametrize("preset", sources.known_presets())
def test_every_preset_is_a_mapping_by_itself(load, preset):
    mapping = load(f"preset: {preset}\n")
    assert mapping.source == preset
    assert {"opportunities", "changes"} <= {name.partition(".")[0] for name in mapping.tables}


def test_a_clients_headers_come_before_the_presets_and_its_lists_replace_them(load):
    mapping = load("""\
        preset: hubspot
        files:
          deals:
            columns: {amount: Deal Value, discount: Discount}
        values:
          call_outcome: {connected: [No answer]}
        stages: [{id: a, name: A}]
        tables: {activities.tasks: null}
        """)
    columns = mapping.files["deals"].columns
    assert columns["amount"] == ("Deal Value", "Amount")
    assert columns["discount"] == ("Discount",)
    assert columns["record_id"][0] == "Record ID"
    assert mapping.values["call_outcome"]["connected"][0] == "No answer"
    assert "No answer" not in mapping.values["call_outcome"]["no_answer"]
    assert [stage.id for stage in mapping.stages] == ["a"]
    assert "activities.tasks" not in mapping.tables
