"""A small spreadsheet mapping, and what the tests ask of a drop."""

from __future__ import annotations

import csv
import io
import zipfile

import openpyxl

MAPPING = """\
as_of: {from: name, day: end}
files:
  deals:
    columns:
      id: [Deal ID, Record ID]
      name: Deal Name
      stage: [Deal Stage, Stage]
      amount: Amount
      currency: Currency
      created: Create Date
      closes: Close Date
      owner: Deal Owner
    required: [id, stage]
tables:
  opportunities:
    needs: [deals]
    select: |
      select id as opportunity_id, name, stage as stage_id, amount, currency, created as created_at,
        closes as expected_close, owner as rep_id, _row
      from deals
stages:
  - {id: open, name: Qualified, labels: [Qualified To Buy]}
  - {id: won, name: Closed Won, category: won}
  - {id: lost, name: Closed Lost, category: lost}
"""


def refusals(drop):
    """(row, column, value, reason) of every refused row."""
    return list(drop.quarantine[["row", "column", "value", "reason"]].itertuples(index=False, name=None))


def packed(**members):
    """A .zip; ``deals_csv`` is the member deals.csv."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return stream.getvalue()


def workbook(**sheets):
    """An .xlsx of sheets, each a list of rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def lines(common, *rows, quote=csv.QUOTE_MINIMAL):
    """A CSV text: one dict per row laid over what the rows have in common, the keys being the headers."""
    full = [common | row for row in rows]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, dict.fromkeys(key for row in full for key in row), quoting=quote)
    writer.writeheader()
    writer.writerows(full)
    return stream.getvalue()


def grid(text):
    """A CSV text as the rows of a sheet."""
    return list(csv.reader(io.StringIO(text)))


def utc(at):
    """An instant as it is compared here."""
    return at.strftime("%Y-%m-%dT%H:%M:%S")
