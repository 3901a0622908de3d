"""A text of which pieces are taken one after the other, and the chunks of what is left."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from attrs import evolve, frozen

from oms_domain.addresses.labels import LabelKind
from oms_domain.addresses.pieces import PieceKind

BLANK: Final = r"[\s,;|、。:\"'<>!]"
CHUNK: Final = re.compile(rf"(?:(?!{BLANK}).)+", re.DOTALL)


@frozen(kw_only=True)
class Chunk:
    """A stretch without separators. ``label`` is what stands before it, ``run`` which untaken stretch it is in."""

    start: int
    stop: int
    label: LabelKind | None
    run: int


class TakenText:
    """A text of which pieces are taken, one after the other, never two from one place."""

    def __init__(self, plain: str) -> None:
        self.plain = plain
        self.spans: list[tuple[int, int, PieceKind]] = []
        self._owner = bytearray(len(plain))

    def take(self, start: int, stop: int, kind: PieceKind) -> bool:
        """Take a stretch, unless some of it is taken or it is empty. Returns whether it was."""
        if start >= stop or any(self._owner[start:stop]):
            return False
        self._owner[start:stop] = b"\1" * (stop - start)
        self.spans.append((start, stop, kind))
        return True

    def is_taken(self, at: int) -> bool:
        """Whether a place is part of a piece."""
        return bool(self._owner[at])

    def runs(self) -> Iterable[tuple[int, int]]:
        """Yield the stretches that nothing was taken from."""
        start = 0
        for begin, stop, _ in [*sorted(self.spans), (len(self.plain), len(self.plain), PieceKind.LEFTOVER)]:
            if start < begin:
                yield start, begin
            start = max(start, stop)

    def run_stop(self, at: int) -> int:
        """Return where the untaken stretch that begins at ``at`` ends."""
        taken = self._owner.find(1, at)
        return len(self.plain) if taken < 0 else taken

    def untaken(self, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Return what is left of the chunks."""
        left = []
        for chunk in chunks:
            start, stop = chunk.start, chunk.stop
            while start < stop and self.is_taken(start):
                start += 1
            end = start
            while end < stop and not self.is_taken(end):
                end += 1
            if start < end:
                left.append(evolve(chunk, start=start, stop=end))
                if end < stop:  # something was taken from its middle
                    left += self.untaken([evolve(chunk, start=end, stop=stop)])
        return left

    def of(self, chunk: Chunk) -> str:
        """Return the text of a chunk."""
        return self.plain[chunk.start : chunk.stop]
