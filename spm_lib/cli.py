"""`spm`: the command line. Argument parsing and calls, nothing else.

Here, and nowhere else, the clock is read. Whatever is slow to import is imported by the command that needs
it, so that `spm --help` answers at once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from spm_lib import console
from spm_lib.errors import (
    ClientError,
    GateError,
    NothingToIngestError,
    SpmError,
    StorageError,
    UsageError,
)

if TYPE_CHECKING:
    import pandas as pd

    from spm_lib.client import Client
    from spm_lib.periods import Period
    from spm_lib.run import Done, Job

app = typer.Typer(
    help="The sales performance workbook: exports in, one page per client and week out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

#: Where clients and reports are when nobody says otherwise.
HOME, REPORTS = Path("data"), Path("reports")
#: Exit codes above it tell the signal that ended the command, as shells do.
_SIGNALLED = 128


def _place(text: str | Path) -> str | Path:
    """A folder, or the address of an object store, which a `Path` would spoil."""
    return str(text) if "://" in str(text) else Path(text)


_Home = Annotated[
    Any,
    typer.Option(
        "--home",
        metavar="DIR",
        parser=_place,
        help="Folder of all clients, or s3://... (SPM_HOME, else data).",
        show_default=False,
    ),
]
_Reports = Annotated[
    Any,
    typer.Option(
        "--reports",
        metavar="DIR",
        parser=_place,
        envvar="SPM_REPORTS",
        help="Folder of all reports, or s3://...",
    ),
]
_Week = Annotated[
    str | None,
    typer.Option("--week", help="ISO week, like 2026-W46; the last complete one if missing."),
]
_Client = Annotated[str, typer.Argument(metavar="CLIENT", help="Name of the client's folder.")]


@app.callback()
def _spm(
    context: typer.Context,
    home: Annotated[
        Any,
        typer.Option(
            "--home",
            metavar="DIR",
            parser=_place,
            envvar="SPM_HOME",
            help="Folder of all clients, or s3://...",
        ),
    ] = HOME,
) -> None:
    context.obj = home


@app.command()
def demo(
    context: typer.Context,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="WEEK", help="Last week of history; the last complete one."),
    ] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Ingest their exports and publish that week's reviews as well.")
    ] = False,
    reports: _Reports = REPORTS,
    home: _Home = None,
) -> None:
    """Write three fictional clients to try the workbook on."""
    from spm_lib.demo import CLIENTS, write_demo

    folder = _folder(_home(context, home))
    week = _demo_week(until)
    with console.progress("writing the demo clients") as step:
        step(0, 1, "")
        written = write_demo(folder, week)
        step(1, 1, "")
    kept = f", {len(written.kept)} kept as you changed them" if written.kept else ""
    state = f"{len(written):,} files written" if written else "nothing to write"
    console.say(f"demo clients in {folder} until {week}: {state}, {len(written.untouched):,} unchanged{kept}")
    if publish:
        failed = [_ingest(folder, slug, (), brief=True) for slug in CLIENTS]
        code = _publish(folder, reports, [(slug, week) for slug in CLIENTS])
        raise typer.Exit(1 if any(failed) else code)


@app.command()
def ingest(
    context: typer.Context,
    client: _Client,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE ...]", help="Exports or folders of them; the client's inbox."),
    ] = None,
    accept_vanished: Annotated[
        bool,
        typer.Option(
            "--accept-vanished", help="Take an export although many open opportunities are missing from it."
        ),
    ] = False,
    home: _Home = None,
) -> None:
    """Read exports into a client's history."""
    with _client_home(context, home, client, writes=True) as folder:
        failed = _ingest(folder, client, files or (), accept_vanished=accept_vanished)
    if failed:
        raise typer.Exit(1)


@app.command()
def check(
    context: typer.Context,
    client: _Client,
    week: _Week = None,
    home: _Home = None,
) -> None:
    """List what is missing, stale or contradictory; say whether the gate passes."""
    with _client_home(context, home, client) as folder:
        label = _labels(folder, [client], week)[0][1]
        from spm_lib import gate

        found = gate.check(folder, client, label)
        console.findings(found)
        stops = sum(finding.severity == "stop" for finding in found)
        counted = f"{stops} that stop, {len(found) - stops} to note"
        console.say(f"{client} {label}: the gate {'does not pass' if stops else 'passes'} ({counted})")
        if stops:
            raise typer.Exit(GateError.exit_code)


@app.command()
def review(
    context: typer.Context,
    clients: Annotated[
        list[str] | None, typer.Argument(metavar="[CLIENT ...]", help="Names of folders; all if missing.")
    ] = None,
    week: _Week = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="NAME", help="Only this page, or PAGE/REP; may be repeated."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Publish again although nothing changed.")] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="So many clients at once; one per core.")
    ] = None,
    dask: Annotated[
        str | None, typer.Option("--dask", metavar="ADDRESS", help="On the cluster of this scheduler.")
    ] = None,
    due: Annotated[
        bool,
        typer.Option("--due", help="Wait for clients whose exports have not come yet."),
    ] = False,
    take_in: Annotated[
        bool, typer.Option("--ingest", help="First read what waits in the inboxes into the history.")
    ] = False,
    reports: _Reports = REPORTS,
    home: _Home = None,
) -> None:
    """Publish a week's pages: through the gate, every page or none."""
    from spm_lib.publish.pages import FIRM_PAGES, PAGES, check_asked

    place = _home(context, home)
    slugs = _slugs(place, clients)
    check_asked(only or (), (*PAGES, *FIRM_PAGES))
    targets = _labels(place, slugs, week)  # a wrong call changes nothing
    taken = {slug: _take_in(context, home, slug) for slug in slugs} if take_in else {}
    broken = {slug: problem for slug, problem in taken.items() if problem is not None}
    if due:
        targets = _due(place, reports, targets, broken)
    code = _publish(
        place,
        reports,
        targets,
        only=tuple(only or ()),
        force=force,
        asked_week=week,
        at_once=jobs,
        cluster=dask,
        broken=broken,
    )
    if code:
        raise typer.Exit(code)


@app.command()
def metric(
    context: typer.Context,
    client: Annotated[
        str | None, typer.Argument(metavar="CLIENT", help="Name of the client's folder.")
    ] = None,
    name: Annotated[str | None, typer.Argument(metavar="METRIC", help="Id of the metric.")] = None,
    week: _Week = None,
    from_day: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="First day, like 2026-10-01.")
    ] = None,
    to_day: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="First day after it, not included.")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="COLUMN", help="Column to group on.")] = None,
    known_at: Annotated[
        str | None,
        typer.Option("--known-at", metavar="T", help="Only exports taken by this day or instant count."),
    ] = None,
    form: Annotated[
        Literal["table", "csv", "json"], typer.Option("--format", help="How to print it.")
    ] = "table",
    list_them: Annotated[bool, typer.Option("--list", help="List the metrics and end.")] = False,
    home: _Home = None,
) -> None:
    """Print one metric of one client for a week or a period."""
    if list_them:
        console.table(_metrics(), form)
        return
    if client is None or name is None:
        raise UsageError("say which client and which metric", remedy="spm metric CLIENT METRIC, or --list")
    import spm_lib.standings  # noqa: F401 (registers what is asked of everything agreed)
    from spm_lib.client import load_client
    from spm_lib.metrics import registry

    with _client_home(context, home, client) as folder:
        facts = load_client(folder, client)
        registry.get(name)
        period = _period(facts, week, from_day, to_day)
        moment = None if known_at is None else _instant(facts, known_at)
        console.table(_measured(folder, client, name, period, by, moment), form)


@app.command()
def new(
    context: typer.Context,
    client: _Client,
    name: Annotated[str | None, typer.Option("--name", help="As pages print it.")] = None,
    currency: Annotated[str, typer.Option("--currency", metavar="CODE", help="ISO 4217.")] = "USD",
    time_zone: Annotated[str, typer.Option("--time-zone", metavar="ZONE", help="IANA name.")] = "UTC",
    home: _Home = None,
) -> None:
    """Write a client folder to fill in, with the questions to ask."""
    from spm_lib.newcomer import new_client

    folder = _folder(_home(context, home))
    written = new_client(folder, client, name=name, currency=currency, time_zone=time_zone)
    for path in written:
        console.say(str(path))
    console.say("Fill in client.yaml and mapping.yaml, then the documents below expectations/.")


@app.command()
def acknowledge(
    context: typer.Context,
    client: _Client,
    document: Annotated[
        str, typer.Argument(metavar="DOCUMENT", help="sales_process, or a file like sales_goals-2027.")
    ],
    rep: Annotated[str, typer.Option("--rep", help="Whose.")],
    step: Annotated[str, typer.Option("--step", help="read, reviewed or reinforced.")] = "read",
    on: Annotated[str | None, typer.Option("--on", metavar="DAY", help="Today if missing.")] = None,
    home: _Home = None,
) -> None:
    """Write down that a rep has read a document, or that it was reviewed together or reinforced."""
    from spm_lib import expectations as agreed
    from spm_lib.client import client_folder, load_client

    with _client_home(context, home, client, writes=True) as folder:
        facts = load_client(folder, client)
        day = _happened(facts, on)
        row = agreed.acknowledge(client_folder(folder, client), facts, document, rep, step, day)
        console.say(f"{rep} has {step} {row.document} (version {row.version[:8]}) on {day}")


@app.command()
def supplied(
    context: typer.Context,
    client: _Client,
    rep: Annotated[str, typer.Option("--rep", help="To whom.")],
    kind: Annotated[str, typer.Option("--kind", help="resource or pay.")],
    what: Annotated[str, typer.Option("--what", metavar="TEXT", help="As the rep's plan names it.")],
    on: Annotated[str | None, typer.Option("--on", metavar="DAY", help="Today if missing.")] = None,
    due: Annotated[
        str | None, typer.Option("--due", metavar="DAY", help="By when; of pay it tells which payout.")
    ] = None,
    home: _Home = None,
) -> None:
    """Write down that the company supplied what a plan promises, or paid."""
    from spm_lib import expectations as agreed
    from spm_lib.client import client_folder, load_client

    with _client_home(context, home, client, writes=True) as folder:
        facts = load_client(folder, client)
        day = _happened(facts, on)
        by = None if due is None else _day("--due", due)
        row = agreed.supply(client_folder(folder, client), facts, rep, kind, what, day, due=by)
        done = "paid" if row.kind == "pay" else "supplied"
        promised = "" if row.due_on is None else f", due on {row.due_on}"
        console.say(f"{row.what}: {done} to {rep} on {row.done_on}{promised}")


@app.command()
def meeting(
    context: typer.Context,
    client: _Client,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="team, one_on_one, improvement or owner.")],
    rep: Annotated[str | None, typer.Option("--rep", help="With whom, where it is with one rep.")] = None,
    on: Annotated[str | None, typer.Option("--on", metavar="DAY", help="Its day; today if missing.")] = None,
    home: _Home = None,
) -> None:
    """Write the next meeting's file: open commitments, what to come back to, the week's findings."""
    from spm_lib.client import client_folder, load_client
    from spm_lib.meetings import Meetings, write_next
    from spm_lib.review import open_review

    with _client_home(context, home, client, writes=True) as folder:
        facts = load_client(folder, client)
        day = _now(facts.zone).date() if on is None else _day("--on", on)
        place = client_folder(folder, client)
        meetings = Meetings.load(place, facts)
        review = open_review(client, _last_week(facts).label, folder)
        asked = review.to_reinforce(rep)
        path = write_next(place, kind, rep, day, facts, meetings, review.points(kind, rep), documents=asked)
        console.say(str(path))


@app.command()
def improve(
    context: typer.Context,
    client: _Client,
    rep: Annotated[str, typer.Option("--rep", help="Whose plan.")],
    metric: Annotated[
        str | None, typer.Option("--metric", metavar="ID", help="Which standard; the one that is missed.")
    ] = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DAY", help="Its first day; today if missing.")
    ] = None,
    home: _Home = None,
) -> None:
    """Write an improvement plan's file, prefilled; or say why none may be written, and what to do instead."""
    from spm_lib.client import load_client
    from spm_lib.improving import write_plan
    from spm_lib.periods import shift_weeks
    from spm_lib.review import open_review

    with _client_home(context, home, client, writes=True) as folder:
        facts = load_client(folder, client)
        today = _now(facts.zone).date()
        day = today if on is None else _day("--on", on)
        before = min(_last_week(facts), shift_weeks(facts.week_of(day), -1), key=lambda one: one.end)
        review = open_review(client, before.label, folder)
        console.say(str(write_plan(review, rep, day, metric, known_on=min(today, day))))


@app.command()
def share(
    context: typer.Context,
    client: _Client,
    document: Annotated[
        str | None,
        typer.Option("--document", metavar="NAME", help="sales_process, or a file like sales_goals-2027."),
    ] = None,
    page: Annotated[
        str | None, typer.Option("--page", metavar="NAME", help="A published page; owner_update.")
    ] = None,
    week: _Week = None,
    rep: Annotated[str | None, typer.Option("--rep", help="Whose, where it is for one rep.")] = None,
    trail: Annotated[
        str | None,
        typer.Option("--trail", metavar="REP", help="Everything on record of one rep, in order of time."),
    ] = None,
    read_by: Annotated[
        Literal["reader", "manager"],
        typer.Option("--for", help="The manager's copy of a document says who has acknowledged it."),
    ] = "reader",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to write it.")] = None,
    reports: _Reports = REPORTS,
    home: _Home = None,
) -> None:
    """Write one file to hand over: an agreed document to read, a published page, or a rep's whole trail."""
    from spm_lib import share as job
    from spm_lib.client import load_client

    with _client_home(context, home, client) as folder:
        facts = load_client(folder, client)
        today = _now(facts.zone).date()
        if trail is not None:
            if document is not None or page is not None or week is not None or rep is not None:
                raise UsageError("--trail names the rep and goes with nothing but --out", given=trail)
            shared = job.share_trail(folder, client, trail, today)
        elif document is not None:
            if page is not None or week is not None:
                raise UsageError("give either --document, or --page and --week")
            shared = job.share_document(folder, client, document, today, read_by=read_by, rep=rep or "")
        else:
            label = _asked_week(facts, week).label
            shared = job.share_page(_folder(reports), client, label, page=page or "", rep=rep or "")
        console.say(str(job.hand_over(shared, out)))


@app.command()
def backtest(
    context: typer.Context,
    client: _Client,
    periods: Annotated[
        int, typer.Option("--periods", min=1, max=40, help="How many of the last goal periods.")
    ] = 8,
    form: Annotated[
        Literal["table", "csv", "json"], typer.Option("--format", help="How to print it.")
    ] = "table",
    home: _Home = None,
) -> None:
    """Replay past weeks with what was known then, and say how good the forecasts were."""
    from spm_lib import backtest as job
    from spm_lib.view import Source

    source = Source.open(_folder(_home(context, home)), client)
    until = _last_week(source.client).end
    with console.progress(f"replaying {client}") as step:
        found = job.backtest(source, until, periods, lambda done, total: step(done, total, ""))
    if form != "table":
        console.table(found.forecasts, form)
        return
    console.table(found.by_week, form)
    console.say("")
    console.table(found.by_caller, form)
    console.say("")
    console.say(job.verdict(found))


@app.command()
def simulate(
    full: Annotated[
        bool, typer.Option("--full", help="As many weeks as METRICS.md rests on: minutes, not seconds.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Of the random numbers.")] = 2026,
) -> None:
    """Play synthetic clients whose truth is known, and say how far to trust the numbers."""
    from spm_lib import trust

    with console.progress("simulating") as step:
        found = trust.simulate(full=full, seed=seed, on_progress=lambda done, total: step(done, total, ""))
    console.say(trust.table_text(found))


def main() -> int:
    """Run `spm`; its exit code: 0 done, 1 failed, 2 wrong call, 3 gate, 130 interrupted, 143 ended."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    with _asked_to_end():
        try:
            code = _run()
            sys.stdout.flush()
        except BrokenPipeError:
            # whoever read the output has seen enough; the interpreter must not complain when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            return 1
    return code


@contextmanager
def _asked_to_end() -> Iterator[None]:
    """Have SIGTERM end this process the way an interrupt does: what it started first, then itself."""

    def end(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_IGN)  # once is enough: the second must not disturb the tidying
        raise SystemExit(_SIGNALLED + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run() -> int:
    try:
        app(prog_name="spm")
    except SystemExit as ended:
        code = _code_of(ended)
        if code > _SIGNALLED:
            name = signal.Signals(code - _SIGNALLED).name
            console.warn(f"ended by {name}; nothing is half-made, and the same command does the rest")
        return code
    except SpmError as problem:
        console.warn(str(problem))
        return problem.exit_code
    except KeyboardInterrupt:
        return _SIGNALLED + signal.SIGINT
    except BrokenPipeError:
        raise
    except OSError as problem:
        from spm_lib.publish.failure import as_refusal

        console.warn(str(as_refusal(problem)))
        return 1
    except Exception as fault:  # noqa: BLE001 (the last resort: one line instead of a traceback)
        _fault(fault)
        return 1
    return 0


def _code_of(end: BaseException) -> int:
    """The exit code of what ends a process."""
    match end:
        case SystemExit():
            return end.code if isinstance(end.code, int) else int(end.code is not None)
        case KeyboardInterrupt():
            return _SIGNALLED + signal.SIGINT
        case SpmError():
            return end.exit_code
    return 1


def _fault(fault: Exception, where: str = "") -> None:
    """One line for what nobody foresaw; the traceback only for who asks for it."""
    if os.environ.get("SPM_DEBUG") == "1":
        traceback.print_exception(fault)
    said = " ".join(f"{type(fault).__name__}: {fault}".split())[:300]
    console.warn(f"{where}unexpected fault ({said}), please report; SPM_DEBUG=1 shows where")


def _now(zone: ZoneInfo) -> datetime:
    """The moment it is, in a time zone. SPM_TODAY=2026-11-16 makes it noon of that day."""
    fixed = os.environ.get("SPM_TODAY")
    if not fixed:
        return datetime.now(zone)
    return datetime.combine(_day("SPM_TODAY", fixed), time(12), zone)


def _home(context: typer.Context, home: str | Path | None) -> str | Path:
    """The place of all clients: said after the command, before it, or by SPM_HOME."""
    return home if home is not None else _place(context.obj)


def _folder(place: str | Path) -> Path:
    """A place that has to be a folder."""
    if isinstance(place, str):
        raise UsageError("this needs a folder", given=place, remedy="name a folder of this machine")
    return place


@contextmanager
def _client_home(
    context: typer.Context, home: str | Path | None, client: str, *, writes: bool = False
) -> Iterator[Path]:
    """The folder of all clients; of an object store a copy of this client, sent back where it is written."""
    place = _home(context, home)
    if isinstance(place, Path):
        yield place
        return
    from spm_lib.storage import client_copy

    with client_copy(place, client, writes=writes) as copy:
        yield copy


def _last_week(client: Client) -> Period:
    from spm_lib.periods import shift_weeks

    return shift_weeks(client.week_of(_now(client.zone).date()), -1)


def _asked_week(client: Client, label: str | None) -> Period:
    """The week asked for, refused unless it is over."""
    last = _last_week(client)
    asked = client.week(label) if label is not None else last
    if asked.end > last.end:
        raise UsageError(
            "that week is not over", given=label, remedy=f"the last complete week is {last.label}"
        )
    return asked


def _slugs(home: str | Path, asked: Sequence[str] | None) -> list[str]:
    """The clients asked for once each, or all there are."""
    from spm_lib import storage
    from spm_lib.client import list_clients

    found = asked or (list_clients(home) if isinstance(home, Path) else storage.clients(home))
    if not found:
        raise UsageError(
            "there is no client",
            where=str(home),
            remedy="`spm demo` writes three; --home names another folder",
        )
    return list(dict.fromkeys(found))


def _labels(home: str | Path, slugs: Sequence[str], label: str | None) -> list[tuple[str, str]]:
    """Every client with the week to look at."""
    if isinstance(home, Path):
        return [(slug, _asked_week(_facts(home, slug), label).label) for slug in slugs]
    from spm_lib.storage import facts_copy

    with facts_copy(home, slugs) as folder:
        return [(slug, _asked_week(_facts(folder, slug), label).label) for slug in slugs]


def _facts(home: Path, slug: str) -> Client:
    """A client's facts; a client.yaml that cannot be read is left to the gate."""
    from spm_lib.client import Client, client_folder, load_client

    client_folder(home, slug)
    try:
        return load_client(home, slug)
    except (ClientError, OSError):
        return Client(name=slug, currency="USD", time_zone="UTC", manager="", owner="")


def _due(
    home: str | Path, reports: str | Path, targets: Sequence[tuple[str, str]], broken: Collection[str]
) -> list[tuple[str, str]]:
    """Those that are due, and those that are broken; who is waited for is said."""
    from spm_lib import run

    found = []
    for slug, week in targets:
        zone = _facts(home, slug).zone if isinstance(home, Path) else ZoneInfo("UTC")
        looked = run.due(run.Job(str(home), slug, week, str(reports)), _now(zone).date())
        if looked.is_due or slug in broken:
            found.append((slug, week))
        else:
            console.say(f"{slug} {week}: {looked.why}")
    return found


def _demo_week(label: str | None) -> str:
    """The week asked for, or the last one complete at every demo client's place."""
    import yaml

    from spm_lib.client import Client
    from spm_lib.demo import CLIENTS
    from spm_lib.demo.write import documents

    facts = [
        yaml.safe_load(file.content)
        for slug in CLIENTS
        for file in documents(slug)
        if file.path.name == "client.yaml"
    ]
    latest = min((Client.model_validate(one) for one in facts), key=lambda one: _last_week(one).start_at)
    return _asked_week(latest, label).label


def _ingest(
    home: Path, slug: str, files: Sequence[Path], *, accept_vanished: bool = False, brief: bool = False
) -> bool:
    """Ingest one client's exports and print what became of them; whether something failed."""
    import pandas as pd

    from spm_lib import ingest as job

    with console.progress(f"ingesting {slug}") as step:
        results = job.ingest(
            home,
            slug,
            files,
            ingested_at=pd.Timestamp(_now(ZoneInfo("UTC"))),
            accept_vanished=accept_vanished,
            on_progress=lambda done, total: step(done, total, ""),
        )
    (console.ingested_briefly if brief else console.ingested)(slug, results)
    return any(drop.failed for drop in results)


def _take_in(context: typer.Context, home: str | Path | None, slug: str) -> SpmError | None:
    """Ingest what waits in an inbox; the reason if the machine did not allow it.

    Nothing waiting is no fault, what is wrong with the exports is for the gate to say, and one client's fault
    must not stop the others.
    """
    from spm_lib.publish.failure import as_refusal

    try:
        with _client_home(context, home, slug, writes=True) as folder:
            _ingest(folder, slug, (), brief=True)
    except NothingToIngestError:
        return None
    except BrokenPipeError:
        raise
    except StorageError as problem:
        return problem
    except SpmError as problem:
        console.warn(f"{slug}: {problem}")
    except Exception as problem:  # noqa: BLE001 (the other clients must be published)
        return as_refusal(problem)
    return None


def _publish(
    home: str | Path,
    reports: str | Path,
    targets: Sequence[tuple[str, str]],
    *,
    only: tuple[str, ...] = (),
    force: bool = False,
    asked_week: str | None = None,
    at_once: int | None = None,
    cluster: str | None = None,
    broken: Mapping[str, SpmError] | None = None,
) -> int:
    """Gate and publish clients, then the firm's pages and the list of all; the exit code."""
    from spm_lib import run
    from spm_lib.publish import split_asked

    of_clients, of_firm = split_asked(only)
    if of_firm and not of_clients:
        targets = ()
    began, started_at = perf_counter(), _now(ZoneInfo("UTC")).isoformat(timespec="seconds")
    every = [run.Job(str(home), slug, week, str(reports), of_clients, force) for slug, week in targets]
    jobs = [job for job in every if job.client not in (broken or {})]
    ended: list[Done] = []

    def on_end(one: Done) -> None:
        ended.append(one)
        _told(one)

    for job in every:
        if broken and job.client in broken:
            on_end(run.not_taken_in(job, broken[job.client]))
    try:
        run.run_all(jobs, at_once=at_once, cluster=cluster, on_progress=_progress, on_end=on_end)
        # from the reports as they now stand; of the newest week, unless one was asked for by name
        firm_week, firm_force = asked_week if of_firm else None, force and (bool(of_firm) or not only)
        firm = run.finish(str(reports), str(home), week=firm_week, force=firm_force)
    except UsageError:
        raise  # a wrong call is no run
    except BaseException as end:
        _broke_off(end, every, ended, str(reports), started_at, perf_counter() - began)
        raise
    for one in firm:
        _told(one)
    seconds = perf_counter() - began
    run.keep_summary(str(reports), run.as_json([*ended, *firm], started_at=started_at, seconds=seconds))
    console.say(f"{run.summary(ended, seconds)}; all reports: {reports}/index.html")
    return run.exit_code([*ended, *firm])


def _broke_off(
    end: BaseException,
    jobs: Sequence[Job],
    ended: Sequence[Done],
    reports: str,
    started_at: str,
    seconds: float,
) -> None:
    """Keep and say how far a run came that did not come to its end."""
    from spm_lib import run

    left = run.broken_off(jobs, ended, str(end) if isinstance(end, SpmError) else "")
    told = run.as_json([*ended, *left], started_at=started_at, seconds=seconds, code=_code_of(end))
    run.keep_summary(reports, told)
    console.warn(run.last_words(ended, left))


@contextmanager
def _progress(total: int) -> Iterator[Callable[[Any], None]]:
    """Shows where a run of so many jobs stands, on a terminal."""
    with console.progress("publishing") as step:

        def heard(progress: Any) -> None:
            left = "" if progress.seconds_left is None else f", about {progress.seconds_left:.0f} s left"
            step(progress.done, total, "; ".join(progress.running) + left)

        yield heard


def _told(one: Done) -> None:
    """One line for a client, as soon as its job has ended; what went wrong beside it."""
    where = f"{one.client} {one.week}".rstrip() + ": "
    if one.exit_code:
        console.warn(f"{where}{one.reason}")
        return
    notes = f"; {one.notes} to note, see `spm check {one.client}`" if one.notes else ""
    state = "nothing to do, it is current" if one.state == "current" else f"published in {one.seconds:.1f} s"
    console.say(f"{where}{state}: {one.folder}{notes}")


def _metrics() -> pd.DataFrame:
    import pandas as pd

    import spm_lib.standings  # noqa: F401 (registers what is asked of everything agreed)
    from spm_lib.metrics import registry

    return pd.DataFrame(
        [(one.id, one.version, one.question) for _, one in sorted(registry.METRICS.items())],
        columns=["id", "version", "question"],
    )


def _period(client: Client, week: str | None, from_day: str | None, to_day: str | None) -> Period:
    """The week, or the days from `--from` until before `--to`."""
    from spm_lib.periods import Period

    if from_day is None and to_day is None:
        return _asked_week(client, week)
    if week is not None or from_day is None or to_day is None:
        raise UsageError("give either --week, or both --from and --to")
    period = Period(
        _day("--from", from_day), _day("--to", to_day), f"{from_day} to {to_day}", client.time_zone
    )
    if not period.day_count:
        raise UsageError("the period is empty", given=period.label, remedy="--to is the first day after it")
    if period.start > _now(client.zone).date():
        raise UsageError("the period has not begun", given=period.label)
    return period


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} is not a day", given=text, remedy="write it like 2026-10-01") from None


def _happened(client: Client, text: str | None) -> date:
    """The day something happened on, today where it is not said."""
    today = _now(client.zone).date()
    day = today if text is None else _day("--on", text)
    if day > today:
        raise UsageError("that day has not come yet", given=str(day), remedy="give the day it happened on")
    return day


def _instant(client: Client, text: str) -> pd.Timestamp:
    """A moment; without an offset it is the client's time."""
    import pandas as pd

    try:
        moment = pd.Timestamp(datetime.fromisoformat(text))
    except ValueError:
        raise UsageError(
            "--known-at is not a moment",
            given=text,
            remedy="write it like 2026-10-01 or 2026-10-01T08:00:00Z",
        ) from None
    local = moment.tz_localize(client.time_zone) if moment.tzinfo is None else moment
    return local.tz_convert("UTC")


def _measured(
    home: Path, slug: str, name: str, period: Period, by: str | None, known_at: pd.Timestamp | None
) -> pd.DataFrame:
    """One metric, seen at the end of the period, or today where that is earlier."""
    from datetime import timedelta

    from spm_lib.backtest import past_forecasts
    from spm_lib.view import Source, View

    source = Source.open(home, slug, known_at)
    tomorrow = _now(source.client.zone).date() + timedelta(days=1)
    cutoff = min(period.end, tomorrow)
    view = View(source, period, cutoff_day=cutoff, by=by)
    if name == "forecast_accuracy":
        # the past has to be replayed for it, which no page waits for
        return view.measure(name, forecasts=past_forecasts(source, cutoff))
    return view.measure(name)
