"""The brands of files in the ISO base media format, by which AVIF and its relatives differ."""

BOX = b"ftyp"


def brands(start: bytes) -> tuple[bytes, ...]:
    r"""Return the major brand and the compatible ones, empty for files of another kind.

    Args:
        start: the first bytes of a file; brands beyond them are not seen.

    >>> brands(b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif")
    (b'mif1', b'mif1', b'avif')
    """
    if start[4:8] != BOX:
        return ()
    end = min(int.from_bytes(start[:4]), len(start))
    return (start[8:12], *(start[at : at + 4] for at in range(16, end - 3, 4)))
