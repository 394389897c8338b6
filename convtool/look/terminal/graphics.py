"""Send an image to a terminal that takes pixels: the kitty protocol, or sixel.

`textual_image` encodes sixel. Its public classes are not used: importing them asks standard output
what it can show, and they write to it, where convtool's data may be.
"""

import base64
import io
from typing import IO

from PIL import Image

PIECE = 4096  # characters of a message, the most that kitty's protocol allows


def sixel(image: Image.Image, background: tuple[int, int, int, float]) -> str:
    """Return an image as sixel, in up to 256 colours.

    Args:
        image: of any mode.
        background: what shows where it is transparent: red, green, blue, opacity.
    """
    from textual_image._sixel import image_to_sixels  # noqa: PLC0415  # rarely needed

    return image_to_sixels(image, background=background)


def kitty(image: Image.Image, columns: int, rows: int) -> str:
    """Return an image as messages of kitty's graphics protocol.

    The terminal scales it and answers nothing.

    Args:
        image: of any mode that PNG has.
        columns: that it takes.
        rows: likewise.

    Source: https://sw.kovidgoyal.net/kitty/graphics-protocol/
    """
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=2)
    data = base64.b64encode(file.getvalue()).decode()
    pieces = [data[start : start + PIECE] for start in range(0, len(data), PIECE)]
    messages = []
    for index, piece in enumerate(pieces):
        keys = [f"a=T,f=100,q=2,c={columns},r={rows}"] if index == 0 else ["q=2"]
        keys.append(f"m={int(index + 1 < len(pieces))}")
        messages.append(f"\x1b_G{','.join(keys)};{piece}\x1b\\")
    return "".join(messages)


def send(stream: IO[str], sequence: str) -> None:
    """Write a sequence to a terminal, past what a console would do to it."""
    stream.write(sequence)
    stream.flush()
