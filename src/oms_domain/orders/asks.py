"""What may be asked of an order: each command with the moves that it makes, and the states that have one of them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from oms_domain.orders.states import BEFORE_WAREHOUSE, ORDER_TABLE, OrderState
from oms_domain.orders.states import OrderMove as M
from oms_domain.orders.states import OrderState as S


class Ask(StrEnum):
    """A command that a caller may give about one order. Who asks to cancel may be told to wait for an answer."""

    PAY = "pay"
    ALLOCATE = "allocate"
    EDIT = "edit"
    SPLIT = "split"
    MERGE = "merge"
    UNMERGE = "unmerge"
    HOLD = "hold"
    UNHOLD = "unhold"
    GROUP_STANDS = "group_stands"  # 成团
    PASS_INTERCEPTION = "pass_interception"
    WAIT = "wait"  # not to leave before a time
    PAY_BALANCE = "pay_balance"  # of a presale (尾款)
    APPROVE = "approve"
    REJECT = "reject"
    UNREVIEW = "unreview"
    RELEASE = "release"
    HAND_OVER = "hand_over"
    CANCEL = "cancel"
    CANCEL_REST = "cancel_rest"
    CONFIRM_STOP = "confirm_stop"  # who has the goods has said that they do not leave, or come back
    REFUSE_STOP = "refuse_stop"  # … that they leave all the same
    SIGN = "sign"
    COMPLETE = "complete"
    REFUSE_DELIVERY = "refuse_delivery"
    DELIVER_AGAIN = "deliver_again"
    RECEIVE_RETURN = "receive_return"
    LOSE = "lose"


TOWARDS_WAREHOUSE: Final = frozenset({Ask.APPROVE, Ask.RELEASE, Ask.HAND_OVER})

MOVES_OF: Final[Mapping[Ask, tuple[M, ...]]] = {
    Ask.PAY: (M.PAY,),
    Ask.ALLOCATE: (M.RESTOCK, M.ALLOCATE),
    # What waits for stock is restocked by an edit, or not edited at all.
    Ask.EDIT: (M.RESTOCK, M.EDIT),
    Ask.SPLIT: (M.SPLIT,),
    Ask.MERGE: (M.MERGE,),
    Ask.UNMERGE: (M.UNMERGE,),
    Ask.APPROVE: (M.APPROVE_TO_BUSINESS, M.APPROVE),
    Ask.REJECT: (M.REJECT,),
    Ask.UNREVIEW: (M.UNREVIEW,),
    Ask.RELEASE: (M.RELEASE,),
    Ask.HAND_OVER: (M.HAND_OVER,),
    Ask.CANCEL: (M.CARRIER_STOP, M.CANCEL),
    Ask.CANCEL_REST: (M.CANCEL_REST,),
    Ask.SIGN: (M.SIGN,),
    Ask.COMPLETE: (M.COMPLETE,),
    Ask.REFUSE_DELIVERY: (M.REFUSE_DELIVERY,),
    Ask.DELIVER_AGAIN: (M.DELIVER_AGAIN,),
    Ask.RECEIVE_RETURN: (M.RECEIVE_RETURN,),
    Ask.LOSE: (M.LOSE,),
}
"""The moves of the table that a command makes, by the state that it finds; the last one names it in a refusal."""

STOPPABLE: Final = frozenset({S.IN_WAREHOUSE, S.PARTIALLY_SHIPPED, S.SHIPPED})
"""States in which somebody else has goods of the order, and can be asked to stop."""

_BESIDE_THE_TABLE: Final[Mapping[Ask, frozenset[S]]] = {
    Ask.HOLD: BEFORE_WAREHOUSE,
    Ask.WAIT: BEFORE_WAREHOUSE,
    Ask.PAY_BALANCE: BEFORE_WAREHOUSE - {S.AWAITING_PAYMENT},
    Ask.UNHOLD: frozenset(S),
    Ask.GROUP_STANDS: frozenset(S),
    Ask.PASS_INTERCEPTION: frozenset(S),
    Ask.CONFIRM_STOP: STOPPABLE | BEFORE_WAREHOUSE,  # also of what was called off there and may leave all the same
    Ask.REFUSE_STOP: STOPPABLE,
}

STATES_OF: Final[Mapping[Ask, frozenset[S]]] = {
    **{
        ask: frozenset(s for s in S if any(move in ORDER_TABLE[s] for move in moves)) for ask, moves in MOVES_OF.items()
    },
    **_BESIDE_THE_TABLE,
}
"""The states in which a command can be given at all."""


def named(ask: Ask) -> str:
    """Return what a refusal calls the command: its move where it has one."""
    return MOVES_OF[ask][-1] if ask in MOVES_OF else ask


def allowed_in(state: OrderState) -> tuple[str, ...]:
    """Return the moves that a state has, for a refusal."""
    return tuple(ORDER_TABLE[state])
