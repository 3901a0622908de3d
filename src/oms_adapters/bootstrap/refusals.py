"""What the command line itself refuses, and how it tells of refusals: text, code with fields, what to do next."""

from __future__ import annotations

from typing import IO, Any, ClassVar

import click
from attrs import frozen

from oms_adapters.bootstrap.output import json_line, printable
from oms_adapters.texts.catalogue import detail, next_step
from oms_domain.kernel.errors import Invalid, NotFound, OmsError, Refused


@frozen(kw_only=True)
class SchemaBehind(OmsError):
    """The database's schema is not the program's. ``found`` is ``nothing`` where there is none yet."""

    code: ClassVar[str] = "store.schema_behind"
    found: str
    wanted: str


@frozen(kw_only=True)
class PortTaken(OmsError):
    """Another program listens where the server is to listen."""

    code: ClassVar[str] = "server.port_taken"
    address: str


@frozen(kw_only=True)
class KeyFileExists(Refused):
    """There is a key file; a new one in its place would open nothing of what is sealed."""

    code: ClassVar[str] = "keys.file_exists"
    path: str


@frozen(kw_only=True)
class ApiKeyNotFound(NotFound):
    """There is no such API key, or it was revoked before."""

    code: ClassVar[str] = "api_keys.not_found"
    prefix: str


@frozen(kw_only=True)
class OrderNumberUnknown(NotFound):
    """No order has this number, or it is not the caller's."""

    code: ClassVar[str] = "orders.number_unknown"
    number: str


@frozen(kw_only=True)
class DocumentNumberUnknown(NotFound):
    """No document of aftersales has this number."""

    code: ClassVar[str] = "aftersales.number_unknown"
    number: str


@frozen(kw_only=True)
class LineInvalid(Invalid):
    """What is asked for of a line is ``SKU=UNITS``, of a return ``LINE_ID=GOOD/DEFECTIVE/WRONG``."""

    code: ClassVar[str] = "aftersales.invalid_line"
    value: str


@frozen(kw_only=True)
class PartInvalid(Invalid):
    """What goes into a part is ``SKU=UNITS``, several with commas."""

    code: ClassVar[str] = "orders.invalid_part"
    value: str


@frozen(kw_only=True)
class DateInvalid(Invalid):
    """Not a day as ``2026-12-01``."""

    code: ClassVar[str] = "orders.invalid_date"
    value: str


@frozen(kw_only=True)
class FileTooLarge(Invalid):
    """A file of payloads has more than ``most`` bytes."""

    code: ClassVar[str] = "ingest.file_too_large"
    field: str = "FILES"
    file: str
    most: int


@frozen(kw_only=True)
class ShopOnOtherPlatform(Invalid):
    """The payloads are of another platform than the shop that they are to belong to."""

    code: ClassVar[str] = "ingest.other_platform"
    field: str = "platform"
    shop: str
    platform: str
    asked: str


ERROR = {"zh": "错误：", "en": "Error: "}


class Told(click.ClickException):
    """A refusal that ends a command with exit code 1, told in the reader's language."""

    def __init__(self, refusal: OmsError, language: str, *, as_json: bool) -> None:
        self.refusal, self.language, self.as_json = refusal, language, as_json
        super().__init__(str(refusal))

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self._line() if self.as_json else self._text(), file=file, err=True)

    def _text(self) -> str:
        step = next_of(self.refusal, self.language)
        lines = [ERROR[self.language] + text_of(self.refusal, self.language), f"  {self.refusal}"]
        return printable("\n".join(lines + ([f"  → {step}"] if step else [])))

    def _line(self) -> str:
        row = refusal_row(self.refusal, self.language) | {"next": next_of(self.refusal, self.language)}
        return json_line(row)


def text_of(refusal: OmsError, language: str) -> str:
    """Return what happened, for people."""
    return detail(refusal.code, refusal.fields(), language)


def next_of(refusal: OmsError, language: str) -> str:
    """Return what to do next: by the refusal's code, or else by that of the nearest kind above it."""
    kinds = (kind for kind in type(refusal).__mro__ if issubclass(kind, OmsError))
    return next_step((kind.code for kind in kinds), language)


def refusal_row(refusal: OmsError, language: str) -> dict[str, Any]:
    """Return a refusal as part of a row: code, fields and text."""
    return {"code": refusal.code, "fields": refusal.fields(), "why": text_of(refusal, language)}
