"""The key ring: 256-bit keys by purpose and id, in a file that only its owner reads. The first of each writes."""

from __future__ import annotations

import base64
import json
import os
import secrets
import stat
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from attrs import field, frozen

from oms_domain.kernel.errors import OmsError


class Purpose(StrEnum):
    """What a key is for. No key serves two purposes."""

    VAULT = "vault"
    INDEX = "index"
    CURSOR = "cursor"
    ACCESS = "access"


@frozen(kw_only=True)
class BadKeyFile(OmsError):
    """The key file is missing, readable by others, or not a key ring."""

    code: ClassVar[str] = "keys.bad_file"
    path: str
    why: str


@frozen
class KeyRing:
    """All keys. Old ones stay, to open what they have sealed."""

    keys: dict[Purpose, dict[str, bytes]] = field(repr=False)

    def writing(self, purpose: Purpose) -> tuple[str, bytes]:
        """Return id and key to write with."""
        return next(iter(self.keys[purpose].items()))

    def reading(self, purpose: Purpose, key_id: str) -> bytes | None:
        """Return the key of this id, None if it is not in the ring."""
        return self.keys[purpose].get(key_id)

    @classmethod
    def generate(cls) -> KeyRing:
        """Make a new ring with one key for each purpose."""
        return cls({purpose: {"k1": secrets.token_bytes(32)} for purpose in Purpose})

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Raises ``BadKeyFile``."""
        try:
            mode = path.stat().st_mode
            found = json.loads(path.read_text())
            ring = {
                Purpose(purpose): {key_id: base64.b64decode(text, validate=True) for key_id, text in keys.items()}
                for purpose, keys in found.items()
            }
        except FileNotFoundError as error:
            raise BadKeyFile(path=str(path), why="missing") from error
        except (ValueError, TypeError, AttributeError, OSError) as error:
            raise BadKeyFile(path=str(path), why="unreadable") from error
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise BadKeyFile(path=str(path), why="others may read it; run chmod 600")
        if set(ring) != set(Purpose) or any(not keys for keys in ring.values()):
            raise BadKeyFile(path=str(path), why="a purpose has no key")
        if any(len(key) != 32 for keys in ring.values() for key in keys.values()):
            raise BadKeyFile(path=str(path), why="a key is not 256 bits long")
        return cls(ring)

    def store(self, path: Path) -> None:
        """Write the ring to a new file of mode 0600. Raises ``FileExistsError``: a ring is never overwritten."""
        text = json.dumps(
            {str(p): {i: base64.b64encode(k).decode() for i, k in keys.items()} for p, keys in self.keys.items()},
            indent=2,
        )
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
