"""Tables of text stay aligned, whatever stands in them."""

from oms_domain.kernel.columns import aligned, cells


def test_of_no_rows_there_are_no_lines():
    assert aligned([]) == []


def test_a_long_cell_is_cut_and_one_with_line_breaks_is_one_line():
    assert cells(["a\nb", "x" * 41]) == ["a b", f"{'x' * 39}…"]
