"""The allowlist of TIFF: the colour models that are read, and the samples of each.

It is printed in the documentation; what is not in it is refused.
"""

from typing import NamedTuple

from convtool.media.image.format import Row
from convtool.media.image.formats.tiff.tags import Photometric

PACKED = frozenset(range(1, 17))
INTEGERS = frozenset({8, 16, 32, 64})
FLOATS = frozenset({16, 32, 64})


class Model(NamedTuple):
    """A colour model that is read.

    Attributes:
        name: what messages call it.
        colours: the number of its samples without further ones.
        unsigned, signed, floats: the bits of samples of each kind.
        becomes: what is filtered.
    """

    name: str
    colours: int
    unsigned: frozenset[int]
    signed: frozenset[int] = frozenset()
    floats: frozenset[int] = frozenset()
    becomes: str = "RGB"


ALL = (PACKED | {32, 64}, INTEGERS, FLOATS)
MODELS = {
    Photometric.WHITE_IS_ZERO: Model("grey, white is zero", 1, *ALL, becomes="grey"),
    Photometric.BLACK_IS_ZERO: Model("grey or bands", 1, *ALL, becomes="grey or bands"),
    Photometric.RGB: Model("RGB", 3, *ALL),
    Photometric.PALETTE: Model("palette", 1, PACKED),
    Photometric.CMYK: Model("CMYK", 4, PACKED, frozenset(), FLOATS),
    Photometric.YCBCR: Model("YCbCr", 3, frozenset({8, 16})),
    Photometric.CIE_LAB: Model("Lab", 3, frozenset({8, 16}), frozenset(), frozenset({32})),
    Photometric.ICC_LAB: Model("ICC Lab", 3, frozenset({8, 16})),
}


def _listed(model: Model) -> str:
    texts = {
        PACKED: "1 to 16 bits",
        PACKED | {32, 64}: "1 to 16, 32 and 64 bits",
        INTEGERS: "signed 8, 16, 32 and 64 bits",
        FLOATS: "float 16, 32 and 64 bits",
        frozenset({8, 16}): "8 and 16 bits",
        frozenset({32}): "float 32 bits",
    }
    kinds = (model.unsigned, model.signed, model.floats)
    return "; ".join(texts[bits] for bits in kinds if bits)


ROWS = tuple(Row(model.name, _listed(model), model.becomes) for model in MODELS.values())
