"""A client: the facts in client.yaml, and the slug that is checked before any path is made."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from spm_lib.errors import ClientError, SpmError, UsageError
from spm_lib.periods import WEEKDAYS, Calendar, Period, fiscal_year, month, quarter, week, week_of

Model = TypeVar("Model", bound=BaseModel)

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]*")

#: What a client may say it does not record, so that a page says "no data" with the reason.
RECORDS = ("losses", "pipeline", "activities", "quotas")


class Strict(BaseModel):
    """A frozen model that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Rep(Strict):
    """One salesperson.

    `known_as` lists how exports spell them: names, e-mails, user ids. The id and the name always count.
    """

    id: str = Field(min_length=1)
    name: str = ""
    known_as: tuple[str, ...] = ()
    role: str = "rep"
    team: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every way an export may name this rep."""
        return (self.id, self.name or self.id, *self.known_as)


class ExchangeRate(Strict):
    """A dated rate: one unit of `currency` is `rate` units of the client's currency, from a day on."""

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    from_day: date
    rate: float = Field(gt=0)


class Thresholds(Strict):
    """Limits a client may set; the defaults are the firm's.

    Attributes
    ----------
    quarantined_rate : float
        A file with a larger share of refused rows is refused as a whole.
    vanished_rate : float
        A drop in which a larger share of the open opportunities is missing is refused: the filter changed.
    stale_days : int
        Data older than this at the cut-off is said to be stale.
    conversation_seconds : int
        A call this long reached a human.
    advance_days : int
        A stage advance within this many days counts for the activity before it.
    """

    quarantined_rate: float = Field(default=0.10, ge=0, le=1)
    vanished_rate: float = Field(default=0.05, ge=0, le=1)
    stale_days: int = Field(default=8, ge=1)
    conversation_seconds: int = Field(default=60, ge=1)
    advance_days: int = Field(default=14, ge=1)


class CadenceStep(Strict):
    """From a day on, a meeting every so many days."""

    from_day: date = Field(alias="from")
    days: int = Field(ge=1)


class Client(Strict):
    """The facts of one client, as client.yaml states them.

    Attributes
    ----------
    name : str
        As pages print it.
    currency : str
        ISO 4217; every amount on a page is in it.
    time_zone : str
        IANA name; weeks and days are cut there.
    week_starts_on : str
    fiscal_year_starts_in : int
        Month, 1-12.
    country : str
        ISO 3166 code for public holidays; may carry a region ("US-CA").
    manager, owner : str
        The fractional sales manager and the business owner.
    reps : tuple of Rep
    reps_from_exports : bool
        Every rep the exports name is a rep; for a client whose list nobody keeps.
    goal_period : str
        The period goals are stated for.
    not_recorded : dict
        What this client's systems do not hold, with the reason a page prints.
    cadence : dict
        Kind of meeting -> every so many days, or steps where it tapers.
    managed_since : datetime.date, optional
        The day the firm began here: promised meetings are counted from it.
    """

    slug: str = ""
    name: str = Field(min_length=1)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    time_zone: str
    week_starts_on: str = "monday"
    fiscal_year_starts_in: int = Field(default=1, ge=1, le=12)
    country: str | None = None
    holidays: tuple[date, ...] = ()
    manager: str
    owner: str
    reps: tuple[Rep, ...] = ()
    reps_from_exports: bool = False
    goal_period: Literal["month", "quarter", "year"] = "quarter"
    exchange_rates: tuple[ExchangeRate, ...] = ()
    not_recorded: dict[str, str] = Field(default_factory=dict)
    cadence: dict[
        Literal["team", "one_on_one", "improvement", "owner"],
        Annotated[int, Field(ge=1)] | tuple[CadenceStep, ...],
    ] = Field(default_factory=dict)
    managed_since: date | None = None
    thresholds: Thresholds = Thresholds()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in _time_zones():
            raise ValueError(f"not an IANA time zone: {value!r}, write it like America/Chicago")
        return value

    @field_validator("week_starts_on")
    @classmethod
    def _known_weekday(cls, value: str) -> str:
        if value not in WEEKDAYS:
            raise ValueError(f"not a weekday: {value!r}, one of {', '.join(WEEKDAYS)}")
        return value

    @field_validator("not_recorded")
    @classmethod
    def _known_records(cls, value: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(value) - set(RECORDS))
        if unknown:
            raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(RECORDS)}")
        return value

    @field_validator("reps")
    @classmethod
    def _distinct_reps(cls, value: tuple[Rep, ...]) -> tuple[Rep, ...]:
        ids = [fold(rep.id) for rep in value]
        if len(set(ids)) < len(ids):
            raise ValueError("two reps have the same id")
        holders: dict[str, str] = {}
        for rep in value:
            for spelling in map(fold, rep.spellings):
                if holders.setdefault(spelling, rep.id) != rep.id:
                    raise ValueError(f"{holders[spelling]!r} and {rep.id!r} share the spelling {spelling!r}")
        return value

    def week(self, label: str) -> Period:
        """The client's week an ISO label names."""
        return week(label, starts_on=self.week_starts_on, time_zone=self.time_zone)

    def week_of(self, day: date) -> Period:
        """The client's week that holds a day."""
        return week_of(day, starts_on=self.week_starts_on, time_zone=self.time_zone)

    def goal_period_of(self, day: date) -> Period:
        """The goal period (month, fiscal quarter or fiscal year) that holds a day."""
        if self.goal_period == "month":
            return month(day, time_zone=self.time_zone)
        cut = quarter if self.goal_period == "quarter" else fiscal_year
        return cut(day, fiscal_start=self.fiscal_year_starts_in, time_zone=self.time_zone)

    def calendar(self, years: range) -> Calendar:
        """The client's working days in some years."""
        public = _public_holidays(self.country, years) if self.country else frozenset()
        return Calendar(public | frozenset(self.holidays))

    def rep_by_spelling(self) -> dict[str, str]:
        """Folded spelling -> rep id."""
        return {fold(spelling): rep.id for rep in self.reps for spelling in rep.spellings}

    @property
    def promised_meetings(self) -> dict[str, int | tuple[tuple[date, int], ...]]:
        """Kind of meeting -> every so many days, or where it tapers pairs of a first day and so many days."""
        return {
            kind: every if isinstance(every, int) else tuple((step.from_day, step.days) for step in every)
            for kind, every in self.cadence.items()
        }

    def rep_names(self) -> dict[str, str]:
        """Rep id -> the name a page prints."""
        return {rep.id: rep.name or rep.id for rep in self.reps}

    @property
    def zone(self) -> ZoneInfo:
        """Its time zone."""
        return ZoneInfo(self.time_zone)


@lru_cache(maxsize=64)
def _public_holidays(place: str, years: range) -> frozenset[date]:
    """The public holidays of a country, or of a region of it, in some years."""
    import holidays

    country, _, region = place.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=region or None, years=years))


def fold(spelling: str) -> str:
    """A name, e-mail or id as it is compared: outer spaces, repeated spaces and case do not count."""
    return " ".join(spelling.split()).casefold()


def check_slug(slug: str) -> str:
    """The slug itself, if a path may be made of it.

    Raises
    ------
    UsageError
        It holds anything but lower-case letters, digits and inner hyphens.
    """
    if not _SLUG.fullmatch(slug):
        raise UsageError(
            "not a client slug",
            given=slug,
            remedy="use lower-case letters, digits and hyphens, starting with a letter or digit",
        )
    return slug


def client_folder(home: Path, slug: str) -> Path:
    """The folder of an existing client.

    Raises
    ------
    UsageError
        Bad slug, or no such client; the message lists the known ones.
    """
    folder = Path(home) / check_slug(slug)
    if not (folder / "client.yaml").is_file():
        known = ", ".join(list_clients(home)) or "none"
        raise UsageError(
            "no such client",
            where=str(home),
            given=slug,
            remedy=f"known clients: {known}; `spm demo` writes three to try",
        )
    return folder


def list_clients(home: Path) -> list[str]:
    """Slugs of every client below a home, sorted."""
    found = Path(home).glob("*/client.yaml")
    return sorted(path.parent.name for path in found if _SLUG.fullmatch(path.parent.name))


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def load_client(home: Path, slug: str) -> Client:
    """Read and check one client's facts.

    Raises
    ------
    UsageError
        Bad slug or unknown client.
    ClientError
        client.yaml is not YAML, or says something impossible.
    """
    path = client_folder(home, slug) / "client.yaml"
    return _client_of(path.read_bytes(), path.name, slug)


@lru_cache(maxsize=1024)
def _client_of(content: bytes, name: str, slug: str) -> Client:
    """The same text says the same: a run asks for it several times."""
    facts = _mapping(content, name, ClientError)
    return parse(Client, {**facts, "slug": slug}, where=f"{slug}/client.yaml", error=ClientError)


def load_yaml(path: Path, error: type[SpmError]) -> dict[str, Any]:
    """One YAML mapping from a file, refused with the line where it breaks."""
    return _mapping(path.read_bytes(), path.name, error)


def _mapping(raw: bytes, name: str, error: type[SpmError]) -> dict[str, Any]:
    try:
        content = _read_yaml(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as problem:
        raise error("the file is not UTF-8 text", where=name, given=str(problem)) from problem
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise error(
            "the file is not YAML",
            where=f"{name}{line}",
            given=getattr(problem, "problem", None),
            remedy="check the indentation and the quotes around that line",
        ) from problem
    if not isinstance(content, dict):
        raise error("the file holds no keys", where=name, remedy="write `key: value` lines")
    return content


def _read_yaml(text: str) -> object:
    """By libyaml, ten times as fast; what that one refuses is left to PyYAML, which also tells the fault."""
    if yaml.__with_libyaml__:
        with suppress(yaml.YAMLError):
            return yaml.load(text, Loader=yaml.CSafeLoader)
    return yaml.safe_load(text)


def parse(model: type[Model], facts: object, *, where: str, error: type[SpmError]) -> Model:
    """Facts checked by a pydantic model; the first fault is named in plain words, with the known keys."""
    try:
        return model.model_validate(facts)
    except ValidationError as problem:
        raise error(**_explain(problem, model), where=where) from problem


def faults(problem: ValidationError, model: type[BaseModel]) -> list[dict[str, Any]]:
    """Every fault of a validation, as the `what`, `given` and `remedy` of an `SpmError`, and its place."""
    return [{**_explain_one(fault, model), "place": fault["loc"]} for fault in problem.errors()]


def _explain(problem: ValidationError, model: type[BaseModel]) -> dict[str, Any]:
    """The first fault of a validation, as the parts of an `SpmError`."""
    more = f" ({problem.error_count()} faults in all)" if problem.error_count() > 1 else ""
    told = _explain_one(problem.errors()[0], model)
    return {**told, "what": f"{told['what']}{more}"}


def _explain_one(fault: ErrorDetails, model: type[BaseModel]) -> dict[str, Any]:
    place = ".".join(str(part) for part in fault["loc"]) or "the whole"
    if fault["type"] == "extra_forbidden":
        known = ", ".join(_fields_at(model, fault["loc"][:-1]))
        return {"what": f"unknown key {place}", "remedy": f"known keys: {known}"}
    if fault["type"] == "missing":
        return {"what": f"{place} is missing", "remedy": f"add `{fault['loc'][-1]}:`"}
    return {"what": f"{place}: {fault['msg']}", "given": fault.get("input")}


def _fields_at(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """Field names of the (nested) model a fault lies in."""
    for part in place:
        if not isinstance(part, str):
            continue
        inner = _model_in(model.model_fields[part].annotation) if part in model.model_fields else None
        if inner is None:
            break
        model = inner
    return [field.alias or name for name, field in model.model_fields.items() if name != "slug"]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside `X`, `X | None`, `tuple[X, ...]` or `dict[str, X]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(part) for part in getattr(annotation, "__args__", ()))
    return next((found for found in inner if found is not None), None)
