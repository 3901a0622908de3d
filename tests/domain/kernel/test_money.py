"""Amounts are exact, of one currency, and never rounded on the way in or out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.kernel.errors import CurrencyMismatch, InvalidAmount
from oms_domain.kernel.money import LARGEST_FEN, Money, parse_money, print_money, total
from oms_domain.testing.values import amounts

CURRENCIES = ("CNY", "HKD", "TWD", "USD", "EUR", "GBP", "JPY", "KRW", "KWD")
any_amounts = st.sampled_from(CURRENCIES).flatmap(lambda currency: amounts(currency=currency))


@given(any_amounts)
def test_what_is_printed_is_read_back_equal(amount):
    assert parse_money(print_money(amount), amount.currency) == amount
    assert str(amount) == print_money(amount)


@given(amounts(), amounts(), amounts())
def test_amounts_add_up_in_any_order(a, b, c):
    assert (a + b) + c == a + (b + c) == total([c, a, b])
    assert a - b == a + -b == -(b - a)
    assert a * 3 == a + a + a


@given(amounts(), amounts())
def test_amounts_are_ordered_as_their_fen(a, b):
    assert (a < b, a <= b, a > b, a >= b) == (a.fen < b.fen, a.fen <= b.fen, a.fen > b.fen, a.fen >= b.fen)


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("19.99", "CNY", Money(1999)),
        ("7", "CNY", Money(700)),
        ("-0.5", "CNY", Money(-50)),
        ("-0.00", "CNY", Money(0)),
        ("00012.30", "CNY", Money(1230)),
        ("10000000000.00", "CNY", Money(LARGEST_FEN)),
        ("300", "JPY", Money(300, "JPY")),
        ("1.234", "KWD", Money(1234, "KWD")),
    ],
)
def test_a_plain_decimal_is_read_exactly(text, currency, amount):
    assert parse_money(text, currency) == amount


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("1.999", "CNY"),
        ("300.0", "JPY"),
        ("10000000000.01", "CNY"),
        ("9" * 31, "CNY"),
        ("1e3", "CNY"),
        ("NaN", "CNY"),
        ("+1", "CNY"),
        ("1,000.00", "CNY"),
        ("１２", "CNY"),
        ("1.", "CNY"),
        (".5", "CNY"),
        ("", "CNY"),
        (" 1", "CNY"),
        ("1\n", "CNY"),
        ("1", "XXX"),
        (None, "CNY"),
        (1.5, "CNY"),
    ],
)
def test_what_is_no_exact_amount_is_refused_and_never_rounded(text, currency):
    with pytest.raises(InvalidAmount) as refusal:
        parse_money(text, currency, field="payment")

    assert refusal.value.fields() == {"field": "payment", "value": str(text)[:40]}


@pytest.mark.parametrize("fen", [1.0, True, "1", None])
def test_only_a_whole_number_of_fen_is_an_amount(fen):
    with pytest.raises(InvalidAmount) as refusal:
        Money(fen)

    assert refusal.value.fields() == {"field": "fen", "value": repr(fen)}


def test_an_unknown_currency_is_refused():
    with pytest.raises(InvalidAmount) as refusal:
        Money(1, "XXX")

    assert refusal.value.fields() == {"field": "currency", "value": "'XXX'"}


@pytest.mark.parametrize(
    "meet",
    [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a >= b, lambda a, b: total([a, b])],
)
def test_amounts_of_two_currencies_never_meet(meet):
    with pytest.raises(CurrencyMismatch):
        meet(Money(1, "USD"), Money(1))
