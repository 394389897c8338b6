"""Windows bitmaps."""

from convtool.media.image.format import Format


class Bmp(Format):
    """BMP: 8 bits, without transparency or metadata but the resolution."""

    name = "BMP"
    suffixes = (".bmp", ".dib")
    signatures = (b"BM",)
    holds = frozenset({"dpi"})


FORMAT = Bmp()
