"""XML, read from strangers and written for them.

Reading: no document type, no entity but the five of XML, no processing by its own instructions, bounded in bytes, depth
and nodes; all of it refused while it is read, so that nothing swells. Writing: everything is escaped, and what XML 1.0
cannot hold is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from attrs import define, field, frozen
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, XMLParser

from oms_domain.kernel.errors import Invalid

LARGEST_BYTES: Final = 1024 * 1024
DEEPEST: Final = 64
MOST_NODES: Final = 50_000
"""A full page of a stock report has some thousands."""

_UNHOLDABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}
_TO_ESCAPE: Final = re.compile('[&<>"\r]')
_BLANK: Final = " \t\r\n"


@frozen(kw_only=True)
class UnreadableXml(Invalid):
    """Not XML that we read: ``why`` is too_large, too_deep, too_many_nodes, forbidden, not_utf8 or not_xml."""

    code: ClassVar[str] = "wms.unreadable_xml"
    field: str = ""
    why: str


@frozen(kw_only=True)
class UnwritableText(Invalid):
    """A text holds a character that XML cannot hold."""

    code: ClassVar[str] = "wms.unwritable_text"


@frozen
class Node:
    """An element: its name, its text, and the elements in it. Attributes and namespaces have no meaning in Qimen."""

    name: str
    text: str = ""
    children: tuple[Node, ...] = ()

    def all(self, name: str) -> Iterator[Node]:
        """Yield the children of a name."""
        return (child for child in self.children if child.name == name)

    def first(self, name: str) -> Node | None:
        """Return the first child of a name."""
        return next(self.all(name), None)


def read_xml(raw: bytes, *, largest: int = LARGEST_BYTES) -> Node:
    """Read a document in UTF-8. Raises ``UnreadableXml``."""
    if len(raw) > largest:
        raise UnreadableXml(why="too_large")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableXml(why="not_utf8") from None
    grown = _Growing()
    try:
        # The declaration's own encoding is not followed: whoever checks the bytes must see what the parser sees.
        parser = XMLParser(target=grown, encoding="utf-8", forbid_dtd=True, forbid_entities=True, forbid_external=True)
        parser.feed(raw)
        parser.close()
    except DefusedXmlException:
        raise UnreadableXml(why="forbidden") from None
    except (ParseError, ValueError):
        raise UnreadableXml(why="not_xml") from None
    assert grown.root is not None  # a document without an element does not parse
    return grown.root


@define
class _Open:
    name: str
    texts: list[str] = field(factory=list)
    children: list[Node] = field(factory=list)


@define
class _Growing:
    """Builds the tree while the parser goes, so that a bound that is passed ends it there."""

    root: Node | None = None
    open: list[_Open] = field(factory=list)
    nodes: int = 0

    def start(self, name: str, _attributes: object) -> None:
        self.nodes += 1
        if len(self.open) >= DEEPEST:
            raise UnreadableXml(why="too_deep")
        if self.nodes > MOST_NODES:
            raise UnreadableXml(why="too_many_nodes")
        self.open.append(_Open(name))

    def data(self, text: str) -> None:
        if self.open:
            self.open[-1].texts.append(text)

    def end(self, _name: str) -> None:
        done = self.open.pop()
        text = "".join(done.texts)
        if done.children:
            text = text.strip(_BLANK)  # the indentation between elements
        node = Node(done.name, text, tuple(done.children))
        if self.open:
            self.open[-1].children.append(node)
        else:
            self.root = node

    def close(self) -> Node | None:
        return self.root


def write_xml(node: Node) -> bytes:
    """Write a document in UTF-8; ``read_xml`` gives it back. Raises ``UnwritableText``."""
    parts: list[str] = ['<?xml version="1.0" encoding="utf-8"?>\n']
    _write(node, parts, "")
    return "".join(parts).encode()


def _write(node: Node, parts: list[str], path: str) -> None:
    path = f"{path}.{node.name}" if path else node.name
    if _UNHOLDABLE.search(node.text):
        raise UnwritableText(field=path)
    if not node.text and not node.children:
        parts.append(f"<{node.name}/>")
        return
    parts += (f"<{node.name}>", _TO_ESCAPE.sub(lambda found: _ESCAPES[found[0]], node.text))
    for child in node.children:
        _write(child, parts, path)
    parts.append(f"</{node.name}>")
