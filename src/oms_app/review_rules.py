"""Use cases of a shop's rules of review and interception: keeping them, reading every version, trying them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.judging import rules_that_count
from oms_app.ports.rules import KeptRule
from oms_app.ports.transaction import Begin, Clock, NewId, OrderNotFound, Transaction, VersionIsNot
from oms_app.queries.rows import LARGEST_PAGE, OrderFilter, Position, Queries
from oms_app.surroundings import Lookout
from oms_app.transactions import Pause, one_transaction, record
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import OrderId, ShopId
from oms_domain.orders.rules.facts import facts_of
from oms_domain.orders.rules.rule import InvalidRule, Rule
from oms_domain.orders.rules.rule_set import RuleNotFound, RuleSet
from oms_domain.orders.rules.templates import from_template
from oms_domain.orders.rules.trial import MOST_ROWS, PastOrder, Trial, try_rules

MOST_NAMED: Final = 100
MOST_TRIED: Final = 10_000
"""Past orders that a trial looks at, the newest ones."""


@frozen(kw_only=True)
class RuleCommand:
    """An ask about the rules of a shop."""

    permission: ClassVar[Permission] = Permission.ADMIN
    shop_id: ShopId
    by: Actor


@frozen(kw_only=True)
class PutRule(RuleCommand):
    """Have a rule as it is given, whether the shop has one of its id or not.

    ``expected_version``: refuse unless the shop's rule has this version; 0: refuse if there is one.
    """

    rule: Rule
    expected_version: int | None = None


@frozen(kw_only=True)
class PutTemplate(RuleCommand):
    """Have the rules of a template, filled in; those of these ids that the shop has become their next versions."""

    template: str
    parameters: Mapping[str, Any]


@frozen(kw_only=True)
class RemoveRule(RuleCommand):
    """Take a rule out; its versions can still be read."""

    rule_id: str
    expected_version: int | None = None


@frozen(kw_only=True)
class SwitchRule(RuleCommand):
    """Ask a rule from now on (启用), or do not (停用)."""

    rule_id: str
    enabled: bool
    expected_version: int | None = None


@frozen(kw_only=True)
class ReadRules(RuleCommand):
    """Read the rules of a shop."""

    permission: ClassVar[Permission] = Permission.ORDERS_READ


@frozen(kw_only=True)
class TryRules(RuleCommand):
    """Ask rules about the shop's orders of the past (试算). Changes nothing.

    Args:
        rules: None: those that count for the shop now.
        since, until: when our orders began; ``until`` None: now.
        order_ids: these orders alone, at most ``MOST_NAMED``, each listed with what was in the way of every rule.
    """

    permission: ClassVar[Permission] = Permission.ORDERS_READ
    rules: tuple[Rule, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    order_ids: tuple[OrderId, ...] = ()
    most: int = MOST_TRIED
    most_rows: int = MOST_ROWS


@frozen(kw_only=True)
class RuleIdTaken(Refused):
    """The shop has a rule of this id."""

    code: ClassVar[str] = "rules.id_taken"
    value: str


class Put(StrEnum):
    """What putting a rule did."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@frozen(kw_only=True)
class RuleAnswer:
    """A rule as it stands now, and what was done."""

    rule: Rule
    put: Put


@frozen(kw_only=True)
class RuleAnswers:
    """Rules as they stand now."""

    rows: tuple[RuleAnswer, ...]


@frozen(kw_only=True)
class RuleService:
    """Use cases of rules."""

    begin: Begin
    now: Clock
    new_id: NewId
    pause: Pause
    lookout: Lookout
    queries: Queries

    def all(self, command: ReadRules) -> RuleSet:
        """Raises ``ShopNotFound``."""
        with self.begin(command) as tx:
            return tx.rule_sets.of(command.shop_id)

    def one(self, command: ReadRules, rule_id: str) -> Rule:
        """Raises ``ShopNotFound``, ``RuleNotFound``."""
        return self.all(command).rule(rule_id)

    def versions(self, command: ReadRules, rule_id: str) -> tuple[KeptRule, ...]:
        """Return every version of a rule, newest first, also after it was removed.

        Raises ``ShopNotFound``; ``RuleNotFound`` if there never was one.
        """
        with self.begin(command) as tx:
            found = tx.rule_sets.versions(command.shop_id, rule_id)
        if not found:
            raise RuleNotFound(rule_id=rule_id[:64])
        return found

    @one_transaction
    def put(self, command: PutRule) -> RuleAnswer:
        """Raises ``ShopNotFound``, ``RuleIdTaken``, ``RuleNotFound``, ``VersionIsNot``, ``TooManyRules``."""

        def step(rules: RuleSet) -> Change[RuleSet]:
            known = _known(rules, command.rule.id)
            if known and command.expected_version == 0:
                raise RuleIdTaken(value=command.rule.id)
            if known is None and command.expected_version:
                raise RuleNotFound(rule_id=command.rule.id)
            _check(known, command.expected_version)
            return rules.put(command.rule, at=self.now())

        return self._act(command, (command.rule.id,), step).rows[0]

    @one_transaction
    def put_template(self, command: PutTemplate) -> RuleAnswers:
        """Raises ``ShopNotFound``, ``UnknownTemplate``, ``UnknownParameter``, ``InvalidRule``, ``TooManyRules``."""
        made = from_template(command.template, command.parameters)

        def step(rules: RuleSet) -> Change[RuleSet]:
            change = Change(rules)
            for rule in made:
                change = change.then(change.state.put(rule, at=self.now()))
            return change

        return self._act(command, tuple(rule.id for rule in made), step)

    @one_transaction
    def remove(self, command: RemoveRule) -> RuleAnswer:
        """Return the rule as it was. Raises ``ShopNotFound``, ``RuleNotFound``, ``VersionIsNot``."""

        def step(rules: RuleSet) -> Change[RuleSet]:
            _check(rules.rule(command.rule_id), command.expected_version)
            return rules.remove(command.rule_id, at=self.now())

        return self._act(command, (command.rule_id,), step).rows[0]

    @one_transaction
    def switch(self, command: SwitchRule) -> RuleAnswer:
        """Raises ``ShopNotFound``, ``RuleNotFound``, ``VersionIsNot``."""

        def step(rules: RuleSet) -> Change[RuleSet]:
            rule = rules.rule(command.rule_id)
            _check(rule, command.expected_version)
            return rules.put(evolve(rule, enabled=command.enabled), at=self.now())

        return self._act(command, (command.rule_id,), step).rows[0]

    def try_out(self, command: TryRules) -> Trial:
        """Ask rules about past orders, page by page: memory holds one page, and the rows that the trial lists.

        Each is seen as of when it was placed, with the blacklist and the catalogue of today.

        Raises ``ShopNotFound``, ``OrderNotFound``; ``InvalidRule`` if it is not said which orders.
        """
        if command.since is None and not 0 < len(command.order_ids) <= MOST_NAMED:
            raise InvalidRule(field="since", why="missing")
        with self.begin(command) as tx:
            shop, rule_set = tx.shops.get(command.shop_id), tx.rule_sets.of(command.shop_id)
        rules = rules_that_count(shop, rule_set) if command.rules is None else command.rules
        if command.order_ids:
            return try_rules(rules, self._named(command), explain=True)
        return try_rules(rules, self._past(command), most_rows=command.most_rows)

    def _named(self, command: TryRules) -> Iterator[PastOrder]:
        with self.begin(command) as tx:
            orders = tx.orders.get_many(command.order_ids)
            for order_id in dict.fromkeys(command.order_ids):
                order = orders.get(order_id)
                if order is None or order.shop_id != command.shop_id:
                    raise OrderNotFound(order_id=order_id)
                yield PastOrder(facts=facts_of(order, self.lookout.around(tx, order)), at=order.created_at)

    def _past(self, command: TryRules) -> Iterator[PastOrder]:
        after: Position | None = None
        wanted, left = OrderFilter(shop_id=command.shop_id), command.most
        while left > 0:
            limit = min(left, LARGEST_PAGE)
            page = self.queries.orders(command.by, wanted, after=after, limit=limit, now=self.now())
            asked = [row.id for row in page if _within(row.created_at, command)]
            with self.begin(command) as tx:
                orders = tx.orders.get_many(asked)
                past = [
                    PastOrder(facts=facts_of(order, self.lookout.around(tx, order)), at=order.created_at)
                    for order_id in asked
                    if (order := orders.get(order_id)) is not None
                ]
            yield from past
            if len(page) < limit or (command.since and page[-1].created_at < command.since):
                return
            after = Position(page[-1].created_at, page[-1].id)
            left -= len(asked)

    def _act(
        self, command: RuleCommand, rule_ids: tuple[str, ...], step: Callable[[RuleSet], Change[RuleSet]]
    ) -> RuleAnswers:
        with self.begin(command) as tx:
            if done := tx.recall(RuleAnswers):
                return done
            before = tx.rule_sets.of(command.shop_id)
            change = step(before)
            record(tx, tx.rule_sets, change)
            answers = RuleAnswers(rows=tuple(_answer(before, change.state, rule_id) for rule_id in rule_ids))
            _finish(tx, answers)
        return answers


def _finish(tx: Transaction, answers: RuleAnswers) -> None:
    tx.remember(answers)
    tx.commit()


def _known(rules: RuleSet, rule_id: str) -> Rule | None:
    return next((rule for rule in rules.rules if rule.id == rule_id), None)


def _check(rule: Rule | None, expected: int | None) -> None:
    if rule is not None and expected is not None and rule.version != expected:
        raise VersionIsNot(expected=expected, current=rule.version)


def _answer(before: RuleSet, after: RuleSet, rule_id: str) -> RuleAnswer:
    old, new = _known(before, rule_id), _known(after, rule_id)
    rule = new or old
    assert rule is not None
    put = Put.ADDED if old is None else Put.UNCHANGED if new == old else Put.CHANGED
    return RuleAnswer(rule=rule, put=put)


def _within(at: datetime, command: TryRules) -> bool:
    return (command.since is None or command.since <= at) and (command.until is None or at < command.until)
