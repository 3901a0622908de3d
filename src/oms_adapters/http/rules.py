"""A shop's rules of review and interception: kept, read in every version, tried on orders of the past."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, JSONBody

from oms_adapters.http.auth import needs
from oms_adapters.http.batches import PutRows, Rows, each
from oms_adapters.http.bodies import Body
from oms_adapters.http.idempotency import IfMatch, expected_version, version_of_edit
from oms_adapters.http.paging import Page, instant
from oms_adapters.http.rule_views import KeptRuleView, RuleView, TemplateView, TrialView
from oms_adapters.http.shops import KnownShops
from oms_adapters.http.views import Given, View
from oms_app.actor import Actor, Permission
from oms_app.review_rules import (
    MOST_NAMED,
    MOST_TRIED,
    PutRule,
    PutTemplate,
    ReadRules,
    RemoveRule,
    RuleService,
    SwitchRule,
    TryRules,
)
from oms_domain.kernel.identity import OrderId
from oms_domain.orders.rules.form import read_rule
from oms_domain.orders.rules.rule import InvalidRule, Rule
from oms_domain.orders.rules.rule_set import MOST_RULES
from oms_domain.orders.rules.templates import TEMPLATES
from oms_domain.orders.rules.trial import MOST_ROWS, write_trial

READ: Final = needs(Permission.ORDERS_READ)
WRITE: Final = needs(Permission.ADMIN, changes=True)
DEFAULT_ROWS: Final = 100


class RuleBody(Body):
    """A rule in the closed form of the reference (rules and conditions as JSON)."""

    rule: Any


class FillingBody(Body):
    """What a template is filled in with."""

    parameters: dict[str, Any] = {}  # noqa: RUF012  (copied by msgspec)


class RuleTrialBody(Body):
    """Rules to try, or none: those that count for the shop. Orders that began from ``since`` on, before ``until``.

    Or these orders alone (``ids``), each with what was in the way of every rule that does not hold.
    """

    since: datetime | None = None
    until: datetime | None = None
    ids: Annotated[list[UUID], msgspec.Meta(max_length=MOST_NAMED)] = []  # noqa: RUF012
    rules: Annotated[list[Any], msgspec.Meta(max_length=MOST_RULES)] | None = None
    most: Annotated[int, msgspec.Meta(ge=1, le=MOST_TRIED, description="orders that are looked at, newest")] = (
        MOST_TRIED
    )
    rows: Annotated[int, msgspec.Meta(ge=0, le=MOST_ROWS, description="orders that are listed")] = DEFAULT_ROWS


class RulesView(View):
    """The rules of a shop, by id. ``version`` counts what was ever changed of them."""

    version: int
    items: list[RuleView]


class RulesController(Controller):
    """The rules of a shop."""

    path = "/shops/{shop:str}/rules"
    tags = ("Rules",)

    @get("/", operation_id="listRules", opt=READ, sync_to_thread=True)
    def list_rules(
        self,
        shop: FromPath[str],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        review_rules: Given[RuleService],
    ) -> RulesView:
        """List the shop's rules."""
        found = review_rules.all(ReadRules(shop_id=known_shops.of(shop, actor).id, by=actor))
        return RulesView(version=found.version, items=[RuleView.of(rule) for rule in found.rules])

    @post("/", operation_id="addRule", opt=WRITE, sync_to_thread=True)
    def add(
        self,
        shop: FromPath[str],
        data: JSONBody[RuleBody],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        review_rules: Given[RuleService],
    ) -> Response[RuleView]:
        """Add a rule; orders are judged by it from now on."""
        command = PutRule(
            shop_id=known_shops.of(shop, actor).id, rule=read_rule(data.rule), expected_version=0, by=actor
        )
        return answered(review_rules.put(command).rule, status=201)

    @post("/batch", operation_id="putRules", opt=WRITE, status_code=200, sync_to_thread=True)
    def put_many(
        self,
        shop: FromPath[str],
        request: Request[Any, Any, Any],
        data: JSONBody[Rows],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        review_rules: Given[RuleService],
    ) -> PutRows[RuleView]:
        """Add rules, or change those that are there; up to 100 at once."""
        shop_id = known_shops.of(shop, actor).id

        def put(row: RuleBody, by: Actor) -> tuple[str, RuleView]:
            done = review_rules.put(PutRule(shop_id=shop_id, rule=read_rule(row.rule), by=by))
            return done.put, RuleView.of(done.rule)

        return each(data, RuleBody, put, request=request, actor=actor)

    @post("/templates/{name:str}", operation_id="fillRuleTemplate", opt=WRITE, status_code=200, sync_to_thread=True)
    def fill_template(
        self,
        shop: FromPath[str],
        name: FromPath[str],
        data: JSONBody[FillingBody],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        review_rules: Given[RuleService],
    ) -> Page[RuleView]:
        """Put the rules of a template, filled in; they are ordinary rules from then on."""
        command = PutTemplate(
            shop_id=known_shops.of(shop, actor).id, template=name, parameters=data.parameters, by=actor
        )
        return Page(items=[RuleView.of(row.rule) for row in review_rules.put_template(command).rows])

    @post("/trials", operation_id="tryRules", opt=READ, status_code=200, sync_to_thread=True)
    def try_out(
        self,
        shop: FromPath[str],
        data: JSONBody[RuleTrialBody],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        review_rules: Given[RuleService],
    ) -> TrialView:
        """Ask rules about orders of the past (试算): how many they would have caught, and by which condition."""
        command = TryRules(
            shop_id=known_shops.of(shop, actor).id,
            rules=None if data.rules is None else read_rules(data.rules),
            since=instant(data.since, field="since"),
            until=instant(data.until, field="until"),
            order_ids=tuple(map(OrderId, data.ids)),
            most=data.most,
            most_rows=data.rows,
            by=actor,
        )
        return TrialView.of(write_trial(review_rules.try_out(command)))

    @get("/{rule_id:str}", operation_id="getRule", opt=READ, sync_to_thread=True)
    def get_rule(
        self,
        shop: FromPath[str],
        rule_id: FromPath[str],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        review_rules: Given[RuleService],
    ) -> Response[RuleView]:
        """Get one rule."""
        return answered(review_rules.one(ReadRules(shop_id=known_shops.of(shop, actor).id, by=actor), rule_id))

    @get("/{rule_id:str}/versions", operation_id="listRuleVersions", opt=READ, sync_to_thread=True)
    def versions(
        self,
        shop: FromPath[str],
        rule_id: FromPath[str],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        review_rules: Given[RuleService],
    ) -> Page[KeptRuleView]:
        """List every version of a rule, newest first; also of one that was removed."""
        command = ReadRules(shop_id=known_shops.of(shop, actor).id, by=actor)
        return Page(items=[KeptRuleView.of(kept) for kept in review_rules.versions(command, rule_id)])

    @post("/{rule_id:str}", operation_id="changeRule", opt=WRITE, status_code=200, sync_to_thread=True)
    def change(
        self,
        shop: FromPath[str],
        rule_id: FromPath[str],
        data: JSONBody[RuleBody],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        review_rules: Given[RuleService],
        if_match: IfMatch = None,
    ) -> Response[RuleView]:
        """Say how a rule is now, whole; the version that was read goes into ``If-Match``."""
        command = ReadRules(shop_id=known_shops.of(shop, actor).id, by=actor)
        rule, expected = read_rule(data.rule), version_of_edit(if_match)
        if rule.id != rule_id:
            raise InvalidRule(field="rule.id", why="not_the_id_of_the_path")
        version = review_rules.one(command, rule_id).version if expected is None else expected
        put = PutRule(shop_id=command.shop_id, rule=rule, expected_version=version, by=actor)
        return answered(review_rules.put(put).rule)

    @post("/{rule_id:str}/removal", operation_id="removeRule", opt=WRITE, status_code=200, sync_to_thread=True)
    def remove(
        self,
        shop: FromPath[str],
        rule_id: FromPath[str],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        review_rules: Given[RuleService],
        if_match: IfMatch = None,
    ) -> RuleView:
        """Take a rule out. Its versions can still be read, and no number is given twice."""
        command = RemoveRule(
            shop_id=known_shops.of(shop, actor).id,
            rule_id=rule_id,
            expected_version=expected_version(if_match),
            by=actor,
        )
        return RuleView.of(review_rules.remove(command).rule)

    @post("/{rule_id:str}/enabling", operation_id="enableRule", opt=WRITE, status_code=200, sync_to_thread=True)
    def enable(
        self,
        shop: FromPath[str],
        rule_id: FromPath[str],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        review_rules: Given[RuleService],
        if_match: IfMatch = None,
    ) -> Response[RuleView]:
        """Ask a rule from now on (启用)."""
        return self._switched(shop, rule_id, True, actor, known_shops, review_rules, if_match)

    @post("/{rule_id:str}/disabling", operation_id="disableRule", opt=WRITE, status_code=200, sync_to_thread=True)
    def disable(
        self,
        shop: FromPath[str],
        rule_id: FromPath[str],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        review_rules: Given[RuleService],
        if_match: IfMatch = None,
    ) -> Response[RuleView]:
        """Ask a rule no more (停用)."""
        return self._switched(shop, rule_id, False, actor, known_shops, review_rules, if_match)

    @staticmethod
    def _switched(
        shop: str,
        rule_id: str,
        enabled: bool,
        actor: Actor,
        known_shops: KnownShops,
        review_rules: RuleService,
        if_match: str | None,
    ) -> Response[RuleView]:
        command = SwitchRule(
            shop_id=known_shops.of(shop, actor).id,
            rule_id=rule_id,
            enabled=enabled,
            expected_version=expected_version(if_match),
            by=actor,
        )
        return answered(review_rules.switch(command).rule)


class RuleTemplatesController(Controller):
    """The templates of rules."""

    path = "/rule-templates"
    tags = ("Rules",)

    @get("/", operation_id="listRuleTemplates", opt=READ, sync_to_thread=True)
    def list_templates(self, actor: Given[Actor]) -> Page[TemplateView]:
        """List the templates with what can be set of each."""
        return Page(items=[TemplateView.of(template) for template in TEMPLATES.values()])


def answered(rule: Rule, *, status: int = 200) -> Response[RuleView]:
    return Response(content=RuleView.of(rule), status_code=status, headers={"ETag": f'"{rule.version}"'})


def read_rules(forms: list[Any]) -> tuple[Rule, ...]:
    """Read rules that stand nowhere yet. Raises whatever ``read_rule`` raises, with the place in the list."""
    return tuple(read_rule(form, path=f"rules[{at}]") for at, form in enumerate(forms))
