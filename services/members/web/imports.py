"""`/v1/imports`: member lists from Excel: upload, look at the preview, settle rows, confirm, wait, read the report."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.context import Context
from chassis.failures import missing
from chassis.web.access_log import record_access
from chassis.web.app import accepts_up_to, blueprint, example
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.conditions import expected_version
from chassis.web.identifiers import Id, IdPath
from chassis.web.paging import Listing, PageQuery, page
from chassis.web.surroundings import request_context
from members.application.collections import IMPORT_FILES, IMPORT_ROWS, IMPORTS
from members.application.confirm_import import confirm_import, discard_import, stop_import
from members.application.correct_import_row import correct_import_row
from members.application.find_imports import LATEST_FIRST, all_rows, imports_wanted, rows_wanted, the_import, the_row
from members.application.import_report import report_table
from members.application.preview_import import preview_import
from members.domain.notes import Verdict
from members.domain.people_import import ImportState, PeopleImport, RowState
from members.web.import_views import IMPORT_EXAMPLE, ROW_EXAMPLE, ImportView, RowBody, RowView, UploadForm
from members.web.parts import NoBody, outside, store

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
UPLOAD_LIMIT = 9 * 1024 * 1024
"""Bytes of a whole upload: the file's own limit and the form around it."""
_WORKBOOK = {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}

imports = blueprint("imports", "/v1/imports", tag="imports", about="Nhập danh sách từ Excel")


class ImportsQuery(PageQuery):
    model_config = ConfigDict(extra="forbid")

    under: Id | None = Field(default=None, description="Of this unit and everything below it")
    state: ImportState | None = None


class RowsQuery(PageQuery):
    """Which rows. `state=open` is the queue “cần xem lại”."""

    model_config = ConfigDict(extra="forbid")

    state: RowState | None = None
    verdict: Verdict | None = None


class RowPath(BaseModel):
    id: Id
    position: int = Field(ge=1, le=1_000_000)


@imports.post("", summary="Upload a member list", responses={201: ImportView})
@accepts_up_to(UPLOAD_LIMIT)
@example(response=IMPORT_EXAMPLE)
def upload(form: UploadForm) -> Response:
    """Reads the list and stores a preview: nobody is registered yet. Send it as multipart/form-data.

    Encrypted, truncated, oversized or macro-bearing files and sheets without a member list are refused with a 422
    that says what to do. The very same file for the same unit is refused with 409 and the id of its first import.
    """
    sent = form.upload()
    return run_command(
        lambda context: preview_import(context, store(), outside().workbooks, sent),
        lambda found: Reply(
            ImportView.of(found), status=201, location=f"/v1/imports/{found.id}", version=found.version
        ),
    )


@imports.get("", summary="Imports, latest first", responses={200: Listing[ImportView]})
@example(response=Listing[ImportView](items=[IMPORT_EXAMPLE]))
def list_imports(query: ImportsQuery) -> Response:
    """Those of the units whose people the caller manages."""

    def answer(context: Context) -> Reply:
        where = imports_wanted(context, under=query.under, state=query.state)
        found = page(store(), IMPORTS, where, sort=LATEST_FIRST, limit=query.limit, cursor=query.cursor)
        return Reply(found.listed(Listing[ImportView], ImportView.of))

    return run_query(answer)


@imports.get("/<id>", summary="One import", responses={200: ImportView})
@example(response=IMPORT_EXAMPLE)
def read(path: IdPath) -> Response:
    """How far it has come: poll this after confirming, until `state` is `done` or `stopped`."""

    def answer(context: Context) -> Reply:
        found = the_import(context, store(), path.id)
        waiting = store().count(IMPORT_ROWS, rows_wanted(found.id, state=RowState.OPEN, verdict=None))
        return Reply(ImportView.of(found, waiting))

    return run_query(answer)


@imports.get("/<id>/rows", summary="The rows of an import", responses={200: Listing[RowView]})
@example(response=Listing[RowView](items=[ROW_EXAMPLE]))
def list_rows(path: IdPath, query: RowsQuery) -> Response:
    """In the file's order, each with its verdict and what was read."""

    def answer(context: Context) -> Reply:
        found = the_import(context, store(), path.id)
        where = rows_wanted(found.id, state=query.state, verdict=query.verdict)
        rows = page(store(), IMPORT_ROWS, where, limit=query.limit, cursor=query.cursor)
        _note(context, found, len(rows.items))
        return Reply(rows.listed(Listing[RowView], RowView.of))

    return run_query(answer)


@imports.get("/<id>/rows/<position>", summary="One row", responses={200: RowView})
@example(response=ROW_EXAMPLE)
def read_row(path: RowPath) -> Response:
    """The row with its ETag."""

    def answer(context: Context) -> Reply:
        found = the_import(context, store(), path.id)
        row = the_row(store(), found.id, path.position)
        _note(context, found, 1)
        return Reply(RowView.of(row), version=row.version)

    return run_query(answer)


@imports.patch("/<id>/rows/<position>", summary="Settle a row", responses={200: RowView})
@example(request={"choice": "merge"}, response=ROW_EXAMPLE, name="duplicate")
@example(request={"cells": {"phone": "0590 100 101"}}, response=ROW_EXAMPLE, name="correction")
def settle(path: RowPath, body: RowBody) -> Response:
    """Cells are read anew by the same rules; then the choice is applied. Possible until the row was carried out."""
    return run_command(
        lambda context: correct_import_row(
            context, store(), path.id, path.position, body.correction(), expected=expected_version()
        ),
        lambda row: Reply(RowView.of(row), version=row.version),
    )


@imports.post("/<id>/confirm", summary="Confirm an import", responses={202: ImportView})
@example(request={}, response=IMPORT_EXAMPLE)
def confirm(path: IdPath, body: NoBody) -> Response:
    """Its ready rows are taken over in the background; open ones stay, to be settled and confirmed later."""
    return run_command(
        lambda context: confirm_import(context, store(), path.id, expected_version()),
        lambda found: Reply(
            ImportView.of(found), status=202, location=f"/v1/imports/{found.id}", version=found.version
        ),
    )


@imports.post("/<id>/stop", summary="Stop an import under way", responses={200: ImportView})
@example(request={}, response=IMPORT_EXAMPLE)
def stop(path: IdPath, body: NoBody) -> Response:
    """Who was taken over stays; the other rows wait, to be settled and confirmed again."""
    return run_command(
        lambda context: stop_import(context, store(), path.id, expected_version()),
        lambda found: Reply(ImportView.of(found), version=found.version),
    )


@imports.post("/<id>/discard", summary="Discard an import", responses={200: ImportView})
@example(request={}, response=IMPORT_EXAMPLE)
def discard(path: IdPath, body: NoBody) -> Response:
    """Only before it was confirmed. The same file may be uploaded again afterwards."""
    return run_command(
        lambda context: discard_import(context, store(), path.id, expected_version()),
        lambda found: Reply(ImportView.of(found), version=found.version),
    )


@imports.get("/<id>/report", summary="The report as an Excel file", responses={200: _WORKBOOK})
def report(path: IdPath) -> Response:
    """Each row as it was written, the verdict, and in Vietnamese what was done and why."""
    context = request_context()
    found = the_import(context, store(), path.id)
    _note(context, found, found.rows)
    written = outside().reports("Kết quả nhập", report_table(all_rows(store(), found.id)))
    return _download(written, f"ket-qua-{found.id}.xlsx")


@imports.get("/<id>/file", summary="The file as it was uploaded", responses={200: _WORKBOOK})
def original(path: IdPath) -> Response:
    """Kept for 180 days, unless somebody in it was erased."""
    context = request_context()
    found = the_import(context, store(), path.id)
    _note(context, found, found.rows)
    file = store().get(IMPORT_FILES, found.id)
    if file is None:
        raise missing("tệp gốc", "original file any more")
    return _download(file.content, f"{found.id}.xlsx")


def _note(context: Context, found: PeopleImport, people: int) -> None:
    if people:
        record_access(context, "people.manage", found.unit_id, people, unit_path=found.unit_path)


def _download(content: bytes, name: str) -> Response:
    response = Response(content, content_type=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
