"""What is drawn of a few orders, to the letter. ``python -m tests.golden.write`` draws one whose file was removed."""

import pytest
from tests.golden.pictures import FOLDER, PICTURES, drawn, file_of


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_a_picture_is_drawn_as_it_is_kept(name):
    assert drawn(name) == file_of(name).read_text(encoding="utf-8")


def test_every_picture_that_is_kept_is_drawn():
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(PICTURES)
