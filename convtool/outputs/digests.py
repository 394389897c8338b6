"""A number of 64 bits that stands for a name."""

import hashlib


def digest(data: bytes) -> int:
    """Return the number of some bytes: that of `b2sum -l 64`."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")
