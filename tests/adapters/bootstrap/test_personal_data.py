"""Nobody's name, phone, street or words stand in plain text anywhere: unique strings go in, and are looked for after.

What is looked through: every byte of every file, what was logged, what commands show, and the errors that jobs keep.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field, frozen
from tests.adapters.bootstrap.conftest import Installation, numbered
from tests.adapters.db.stored import StoredWorld
from tests.app.world import ROOT
from tests.servers import FakeClock, ids

from oms_adapters.bootstrap.container import report_job
from oms_adapters.bootstrap.logs import configure_logs
from oms_adapters.crypto.keys import KeyRing
from oms_adapters.db.database import Database
from oms_adapters.memory.platform import MemoryPlatform
from oms_adapters.platforms.taobao.translate import translate
from oms_adapters.wms.simulated import SimulatedWarehouse
from oms_app.actor import Once
from oms_app.conversion import IntakeAnswer, Outcome
from oms_app.intake import TakeIn
from oms_app.orders import ApproveOrder, ReleaseOrder
from oms_app.personal import RevealPersonalData
from oms_app.ports.channels import PlatformRefused
from oms_app.ports.jobs import Job
from oms_app.ports.wms import ShipOrder, WmsAnswer
from oms_app.processes.shipping import POLL_WAREHOUSE
from oms_app.runner import Runner
from oms_domain.channels.standard import Platform
from oms_domain.orders.states import OrderState as S
from oms_domain.shops.shop import Shop

ORDERS = 20


@frozen
class Person:
    """Somebody who does not exist; no two have a string in common, but the last four digits that may be shown."""

    number: int

    @property
    def name(self) -> str:
        return f"测金丝雀姓名{self.number:04d}"

    @property
    def mobile(self) -> str:
        return f"100{self.number:04d}0001"

    @property
    def street(self) -> str:
        return f"示例金丝雀路{self.number:04d}号"

    @property
    def zip(self) -> str:
        return f"9{self.number:05d}8"

    @property
    def nick(self) -> str:
        return f"测canary-nick-{self.number:04d}"

    @property
    def other_phone(self) -> str:
        return f"200{self.number:04d}9999"

    @property
    def secret(self) -> str:
        return f"canary-in-a-field-nobody-knows-{self.number:04d}"

    def trade(self, **changes: Any) -> bytes:
        """Return this person's order as the platform sends it."""
        facts = {
            "receiver_name": self.name,
            "receiver_mobile": self.mobile,
            "receiver_phone": self.mobile,
            "receiver_address": self.street,
            "receiver_zip": self.zip,
            "buyer_nick": self.nick,
            "buyer_message": f"请打 {self.other_phone}",
            "seller_memo": f"已打 {self.other_phone[:3]}-{self.other_phone[3:7]}-{self.other_phone[7:]}",
            "x_unknown": self.secret,
        }
        return json.dumps(numbered(self.number, **facts | changes), ensure_ascii=False).encode()

    def canaries(self) -> tuple[str, ...]:
        """Return what must be nowhere; of names and streets without what a mask shows."""
        phones = (self.mobile, self.other_phone, f"{self.other_phone[:3]}-{self.other_phone[3:7]}")
        return (self.name[1:], *phones, self.street[2:], self.zip, self.nick[1:], self.secret)


PEOPLE = tuple(Person(n) for n in range(1, ORDERS + 1))


def written(text: str) -> Iterator[bytes]:
    """Yield a text in the ways in which it may come to stand in a file."""
    yield text.encode()
    yield text.encode("utf-16-le")
    yield json.dumps(text)[1:-1].encode()
    yield text.encode().hex().encode()


@cache
def forms() -> dict[bytes, str]:
    """Return how each canary may be written, and which one it is."""
    canaries = {canary for person in (*PEOPLE, *map(moved, PEOPLE)) for canary in person.canaries()}
    return {form: canary for canary in canaries for form in written(canary)}


def found(content: bytes | str) -> list[str]:
    """Return the canaries in ``content``."""
    raw = content if isinstance(content, bytes) else content.encode()
    return sorted({canary for form, canary in forms().items() if form in raw})


def moved(person: Person) -> Person:
    """The same order's receiver after an edit: somebody else in every string."""
    return Person(person.number + 5_000)


@define
class LoudWarehouse:
    """The simulated warehouse, that at first cannot do what it is told, and says so with all it knows."""

    real: SimulatedWarehouse
    failures: dict[str, int] = field(factory=dict)

    def send(self, order: ShipOrder) -> WmsAnswer:
        times = self.failures.get(order.number, 0)
        self.failures[order.number] = times + 1
        if times < (999 if order.number.endswith("01") else 1):  # the first order never works, and is parked
            receiver = order.receiver
            raise RuntimeError(f"cannot ship to {receiver.name} {receiver.mobile} {receiver.street} {receiver.zip}")
        return self.real.send(order)

    def reports(self, limit: int) -> Any:
        return self.real.reports(limit)

    def confirm(self, report_ids: tuple[str, ...]) -> None:
        self.real.confirm(report_ids)


class Life(StoredWorld):
    """A world in the files of an installation."""

    def __init__(self, oms: Installation) -> None:
        clock, data = FakeClock(), oms.database.parent
        new_id = ids(clock)
        database = Database.connect(f"sqlite:///{oms.database}", now=clock, new_id=new_id, pause=lambda _: None)
        super().__init__(database, clock, new_id, KeyRing.load(data / "oms-keys.json"))
        self.real = SimulatedWarehouse(clock, data / "simulated-warehouse.db")
        self.warehouse: Any = LoudWarehouse(self.real)
        self.wms = self.warehouse
        self.platform = MemoryPlatform()
        self.wire()
        self.runner = Runner(jobs=database.jobs, now=clock, handlers=self.runner.handlers, report=self._told)

    def _told(self, job: Job, how: str, error: BaseException | None) -> None:
        self.ended.append((job.handler, how))
        report_job(job, how, error)

    def takes_in(self, shop: Shop, key: str, *raws: bytes) -> tuple[IntakeAnswer, ...]:
        arrivals = tuple(self.preparation.prepare(raw, translate, shop_id=shop.id) for raw in raws)
        by = evolve(ROOT, once=Once(client="erp", key=key, digest="d"))
        answers = self.intake.take_in(TakeIn(shop_id=shop.id, platform=Platform.TAOBAO, arrivals=arrivals, by=by))
        self.settle()
        return answers

    def close(self) -> None:
        self.store.close()
        self.real.close()


@frozen
class Lived:
    """What a life has left behind."""

    oms: Installation
    life: Life
    orders: tuple[IntakeAnswer, ...]
    logged: str


@pytest.fixture
def lived(migrated: Installation, capsys: pytest.CaptureFixture[str]) -> Iterator[Lived]:
    """Orders that came, were edited, failed, were shipped, with everything logged that can be."""
    configure_logs("debug")
    life = Life(migrated)
    shop = life.a_shop()
    life.receive("SPU4-U", units=1_000)
    taken = life.takes_in(shop, "first", *(person.trade() for person in PEOPLE))
    life.takes_in(shop, "off", Person(9_000).trade(payment="143.01"))  # an exception
    edited = (moved(p).trade(**number_of(p), modified="2026-01-02 12:00:00") for p in PEOPLE)
    life.takes_in(shop, "edited", *edited)
    for answer in taken:
        life.give(ApproveOrder, answer.order_id)
        life.give(ReleaseOrder, answer.order_id, reason="放行")
    life.store.jobs.ensure(POLL_WAREHOUSE, "all", due_at=life.clock())
    life.platform.trouble = [PlatformRefused(reason="B150"), ConnectionError(f"{PEOPLE[0].name} {PEOPLE[0].mobile}")]
    for _ in range(30):
        life.wait(minutes=5)
    for _ in range(300):  # until nobody tries to reach the warehouse any more
        life.wait(minutes=10)
    yield Lived(migrated, life, taken, capsys.readouterr().err)
    life.close()


def number_of(person: Person) -> dict[str, Any]:
    trade = json.loads(person.trade())["trade_fullinfo_get_response"]["trade"]
    return {"tid": trade["tid"], "tid_str": trade["tid_str"]}


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_no_file_holds_anything_of_anybody_in_plain_text(lived):
    data = lived.oms.database.parent

    open_files = files(data)
    lived.life.close()
    closed_files = files(data)

    assert {"oms.db", "oms.db-wal", "oms-keys.json", "simulated-warehouse.db"} <= set(open_files)
    assert {name: found(content) for name, content in open_files.items() if found(content)} == {}
    assert {name: found(content) for name, content in closed_files.items() if found(content)} == {}


def test_what_happened_to_the_orders_is_what_the_scan_is_worth(lived):
    life = lived.life
    states = [life.state(answer.order_id) for answer in lived.orders]
    kinds = {row.handler for row in life.store.queries.parked_jobs(ROOT, limit=100)}

    assert [answer.outcome for answer in lived.orders] == [Outcome.CREATED] * ORDERS
    assert states == [S.IN_WAREHOUSE] + [S.SHIPPED] * (ORDERS - 1)
    assert kinds == {"shipping.send"}
    assert {how for _, how in life.ended} == {"done", "retry", "parked"}
    assert len(lived.oms.sql("SELECT 1 FROM idempotency")) == 3
    assert life.findings() == []
    for person, answer in zip(PEOPLE, lived.orders, strict=True):
        assert life.order(answer.order_id).receiver.mask == f"测** *******0001 示例{'*' * len(person.street[2:])}"


def test_no_log_line_holds_anything_of_anybody(lived):
    lines = [json.loads(line) for line in lived.logged.splitlines()]

    assert {line["outcome"] for line in lines} == {"done", "retry", "parked"}
    assert "RuntimeError" in {line.get("error") for line in lines}
    assert found(lived.logged) == []


def test_no_job_keeps_anything_of_anybody_in_its_error(lived):
    errors = [error for (error,) in lived.oms.sql("SELECT error FROM job WHERE error <> ''")]

    assert errors == ["RuntimeError"]


def test_no_command_shows_anything_of_anybody(lived):
    oms = lived.oms
    shown = [oms.run("orders", "list"), oms.run("orders", "list", "--json"), oms.run("doctor"), oms.run("drain")]
    shown += [oms.run("platform-orders", "list"), oms.run("platform-orders", "list", "--json")]
    for answer in lived.orders:
        shown += [oms.run("orders", "show", answer.number), oms.run("orders", "show", answer.number, "--json")]

    assert {done.code for done in shown} == {0}
    assert "测**" in shown[0].out
    assert [found(done.out + done.err) for done in shown] == [[]] * len(shown)


@pytest.mark.parametrize("wrong", ["payment", "created", "status", "receiver_name", "tid_str"])
def test_a_payload_that_cannot_be_read_is_refused_without_being_repeated(oms, wrong):
    person = PEOPLE[0]
    bad = json.loads(person.trade())
    bad["trade_fullinfo_get_response"]["trade"][wrong] = {"nested": f"{person.name} {person.mobile} {person.secret}"}
    text = json.loads(person.trade())
    text["trade_fullinfo_get_response"]["trade"][wrong] = f"{person.name} \0 {person.mobile} {person.secret}"
    paths = [oms.write("nested.json", bad), oms.write("text.json", text)]

    done = oms.run("ingest", *paths, "--platform", "taobao", "--shop", "tb", "--json")

    assert done.code == 1
    assert "refused" in {row["outcome"] for row in done.rows}
    assert found(done.out + done.err) == []


def test_revealing_gives_the_plain_text_and_writes_down_who_asked_and_why(lived):
    person, answer = PEOPLE[3], lived.orders[3]
    opened = "SELECT actor, purpose FROM pii_access WHERE order_id = ? ORDER BY id"
    before = lived.oms.sql(opened, answer.order_id.bytes)

    revealed = lived.life.personal.reveal(RevealPersonalData(order_id=answer.order_id, purpose="买家来电", by=ROOT))

    now = moved(person)
    assert (revealed.receiver.name, revealed.receiver.mobile) == (now.name, now.mobile)
    assert (revealed.receiver.street, revealed.receiver.zip) == (now.street, now.zip)
    assert (revealed.buyer.nick, revealed.buyer.buyer_remark) == (now.nick, f"请打 {now.other_phone}")
    assert lived.oms.sql(opened, answer.order_id.bytes) == before + [("system:tests", "买家来电")] * 2
    assert found(repr(revealed)) == []


def test_sending_to_the_warehouse_is_an_opening_too(lived):
    opened = lived.oms.sql("SELECT DISTINCT order_id FROM pii_access WHERE actor LIKE 'system:%'")

    assert {order_id for (order_id,) in opened} == {answer.order_id.bytes for answer in lived.orders}


def test_control_a_canary_is_found_however_it_is_written():
    missed = [
        form
        for person in (*PEOPLE, *map(moved, PEOPLE))
        for canary in person.canaries()
        for form in written(canary)
        if canary not in found(b"before " + form + b" after")
    ]

    assert missed == []


def test_control_a_canary_in_the_database_is_found(oms):
    oms.sql("UPDATE shop SET name = ?", PEOPLE[0].name)

    assert PEOPLE[0].name[1:] in found(oms.database.read_bytes())
