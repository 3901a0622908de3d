"""The exact search, up to a bound on the partial plans looked at: which places ship, then which line from which.

Sets of places are tried by their number, those with the lowest bound first; within a set, branch and bound over lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb
from typing import Final

from attrs import frozen

from oms_domain.fulfilment.sourcing.bounds import Bounds, Load, Rest
from oms_domain.fulfilment.sourcing.problem import Problem, Score, Taken

DEEPEST: Final = 200
"""Choices one after another in a plan; an order that needs more is not searched, but sourced greedily."""

SETS_A_NODE: Final = 20
"""Sets of places that are passed over in the time of one partial plan."""


@frozen(kw_only=True)
class Found:
    """The best plan that is known.

    Args:
        taken: the plan, None if there is none that was found.
        score: what it scores.
        bound: no plan scores less; equal to ``score`` if the plan is proven to be best. None: there is no plan.
        nodes: partial plans looked at.
    """

    taken: Taken | None
    score: Score | None
    bound: Score | None
    nodes: int

    @property
    def is_proven(self) -> bool:
        """Whether no better plan exists; of none: whether there is none."""
        return self.score == self.bound


@frozen
class _Node:
    """A partial plan: ``at`` is the position of the first open line, ``last`` the last place that serves a part of it.

    ``left`` is what the places of the set have left, by place and SKU; the rest as in ``Rest.bound``.
    """

    bound: Score
    taken: dict[int, tuple[int, ...]]
    loads: dict[int, Load]
    left: dict[int, tuple[int, ...]]
    placed: Score
    sloped: int
    at: int
    open_units: int
    last: int


def search(problem: Problem, bounds: Bounds, taken: Taken | None, score: Score | None) -> Found:
    """Improve on a plan, or on none, as far as the strategy's bound on nodes goes.

    Of plans that score alike, the one that comes first by number of places, bound and order of codes is found: the
    answer does not depend on the order in which candidates are given.
    """
    return _Search(problem, bounds, taken, score).run()


class _Search:
    def __init__(self, problem: Problem, bounds: Bounds, taken: Taken | None, score: Score | None) -> None:
        self.problem, self.bounds = problem, bounds
        self.best, self.score = taken, score
        self.nodes = 0
        self.is_over = False
        self.left_open: list[Score] = []

    def run(self) -> Found:
        most = min(self.problem.strategy.most_places, len(self.problem.candidates))
        depth = len(self.problem.lines) * (most if self.problem.strategy.split_lines else 1)
        self.is_over = depth > DEEPEST or not self.problem.strategy.most_nodes
        for count in range(self.bounds.fewest_places(), most + 1):
            floor = self.bounds.from_places(count)
            if self._is_beaten(floor):
                break
            sets_cost = comb(len(self.problem.candidates), count) // SETS_A_NODE
            if self._is_spent(sets_cost):
                self.left_open.append(floor)
                break
            for root, rest, order in sorted(self._sets(count, floor), key=lambda each: (each[0].bound, each[1].places)):
                self._descend(root, rest, order)
        reached = [] if self.score is None else [self.score]
        return Found(
            taken=self.best,
            score=self.score,
            bound=min([*self.left_open, *reached], default=None),
            nodes=self.nodes,
        )

    def _is_spent(self, more: int) -> bool:
        """Whether so many more nodes are over the bound; once they are, nothing more is looked at."""
        self.is_over = self.is_over or self.nodes + more > self.problem.strategy.most_nodes
        if not self.is_over:
            self.nodes += more
        return self.is_over

    def _is_beaten(self, bound: Score) -> bool:
        return self.score is not None and bound >= self.score

    # --- which places -------------------------------------------------------------------------------------------------

    def _sets(self, count: int, floor: Score) -> Iterator[tuple[_Node, Rest, tuple[int, ...]]]:
        """Yield the sets of so many places that may serve every line and may be better than the best so far.

        ``floor`` stands for those that are not looked at any more.
        """
        stages = (0,) * len(self.problem.stages)
        for places in combinations(range(len(self.problem.candidates)), count):
            bits = sum(1 << place for place in places)
            if not all(can & bits for can in self.problem.can) or self._is_short(places):
                continue
            if self._is_spent(1):
                self.left_open.append(floor)
                return
            order = tuple(
                sorted(range(len(self.problem.can)), key=lambda at: ((self.problem.can[at] & bits).bit_count(), at))
            )
            rest = Rest(self.bounds, places, order)
            loads = {place: self.bounds.nothing(place) for place in places}
            units = self.problem.lines[order[0]].quantity
            bound = rest.bound(loads, stages, 0, 0, units, self.score)
            if bound is not None:
                left = {place: self.problem.candidates[place].stock for place in places}
                yield _Node(bound, {}, loads, left, stages, 0, at=0, open_units=units, last=-1), rest, order

    def _is_short(self, places: tuple[int, ...]) -> bool:
        stocks = [self.problem.candidates[place].stock for place in places]
        return any(
            sum(units) < wanted for units, wanted in zip(zip(*stocks, strict=True), self.problem.wanted, strict=True)
        )

    # --- which line from which ----------------------------------------------------------------------------------------

    def _descend(self, node: _Node, rest: Rest, order: tuple[int, ...]) -> None:
        if self._is_beaten(node.bound):
            return
        if node.at == len(order):
            self._reach(node.taken, rest.places)
            return
        choices = self._choices(node, rest, order)
        if self._is_spent(sum(most for _, most in choices)):
            self.left_open.append(node.bound)
            return
        for child in sorted(self._children(node, rest, order, choices), key=lambda child: child.bound):
            self._descend(child, rest, order)

    def _reach(self, taken: Taken, places: tuple[int, ...]) -> None:
        """Take a whole plan if it is better than the best so far. One that leaves a place out is of a smaller set."""
        score = self.problem.score(taken) if len(taken) == len(places) else None
        if score is not None and not self._is_beaten(score):
            self.best, self.score = taken, score

    def _choices(self, node: _Node, rest: Rest, order: tuple[int, ...]) -> list[tuple[int, int]]:
        """Return the places that may serve the open units next, and how many of them at most (in how many ways)."""
        line = order[node.at]
        sku, can = self.problem.sku_of[line], self.problem.can[line]
        there = [(place, node.left[place][sku]) for place in rest.places if place > node.last and can >> place & 1]
        if not self.problem.strategy.split_lines:
            return [(place, 1) for place, units in there if units >= node.open_units]
        return [(place, min(units, node.open_units)) for place, units in there if units]

    def _children(
        self, node: _Node, rest: Rest, order: tuple[int, ...], choices: list[tuple[int, int]]
    ) -> Iterator[_Node]:
        is_split = self.problem.strategy.split_lines
        later = sum(most for _, most in choices)
        for place, most in choices:
            later -= most
            least = max(node.open_units - later, 1) if is_split else node.open_units
            for units in range(most if is_split else node.open_units, least - 1, -1):
                child = self._child(node, rest, order, place, units)
                if child is not None:
                    yield child

    def _child(self, node: _Node, rest: Rest, order: tuple[int, ...], place: int, units: int) -> _Node | None:
        """Return the partial plan with units of the open line from a place; None: it leads to nothing better."""
        line = order[node.at]
        load = self.bounds.added(node.loads[place], place, line, units)
        if not load.lanes:
            return None
        loads = {**node.loads, place: load}
        placed = tuple(
            score + stage.unit[line][place] * units
            for score, stage in zip(node.placed, self.problem.stages, strict=True)
        )
        sloped = node.sloped + self.bounds.slopes[place][line] * units
        at, open_units, last = node.at, node.open_units - units, place
        if not open_units:
            at, last = at + 1, -1
            open_units = self.problem.lines[order[at]].quantity if at < len(order) else 0
        bound = rest.bound(loads, placed, sloped, at, open_units, self.score)
        if bound is None:
            return None
        row, stock = list(node.taken.get(place, (0,) * len(order))), list(node.left[place])
        row[line] = units
        stock[self.problem.sku_of[line]] -= units
        taken, left = {**node.taken, place: tuple(row)}, {**node.left, place: tuple(stock)}
        return _Node(bound, taken, loads, left, placed, sloped, at, open_units, last)
