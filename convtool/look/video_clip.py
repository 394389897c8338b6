"""Keep video as something to be played: small frames in H.264, all of them where there is room.

MP4 with H.264 is played by Chromium, Firefox and Safari.
"""

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from convtool.levels import UINT8
from convtool.look.clip import Behind, Clip
from convtool.media.contract import Tile
from convtool.media.grid import grid_size
from convtool.media.video.pixels import Colours, Packer, packed
from convtool.media.video.tiles import TileGrid

SIDE = 480  # pixels of the longer side, at most
ENLARGED = 160  # pixels of the longer side, at least, by whole factors
BYTES = 1_400_000  # about: with another one beside it, one minute fits in 6 MB of text
MOST_BYTES = BYTES + BYTES // 10  # behind which no more frames are taken
LEAST_BITS, MOST_BITS = 100_000, 2_000_000  # per second
QUALITY = "21"  # x264's constant rate factor, where the bits allow it
COLOURS = Colours(space=1, range=1, primaries=1, transfer=1)  # BT.709, 16…235
FINEST = 90_000  # ticks per second

Image = NDArray[Any]


class VideoClip:
    """Keeps what is seen of a part, or of its result.

    Args:
        size: frames (which may be an estimate), height and width.
        rate: frames per second, on average.
        scale: the stored number that stands for white.
        tiles: what a frame shows, as in the file.

    Attributes:
        size: height and width of the frames that are kept.
    """

    def __init__(self, size: Sequence[int], rate: float, scale: int, tiles: Sequence[Tile]) -> None:
        frames, height, width = size
        self._scale, self._grid = scale, TileGrid(tiles, scale)
        full = grid_size(len(tiles), height, width)
        self.size = reduced_size(*full)
        self._film = _Film(frames, self.size, rate)
        self._clip: Clip | None = None
        self._said = "" if self.size == full else f"{self.size[1]}×{self.size[0]} pixels"

    def take(self, samples: Tensor, start: int) -> None:
        """Take the next block."""
        del start  # blocks follow each other
        if self._film.is_full:
            return
        for frame in self._grid.frames(samples[None]):
            self._film.write(small(frame, self.size, self._scale))

    @property
    def clip(self) -> Clip:
        """What is seen, once all blocks have been taken."""
        if self._clip is None:
            self._clip = self._film.close(self._said)
        return self._clip


def reduced_size(height: int, width: int) -> tuple[int, int]:
    """Return the size of a frame in a clip, of even numbers: large ones reduced, tiny ones larger.

    >>> reduced_size(1080, 1920), reduced_size(24, 31)
    ((270, 480), (144, 186))
    """
    longer = max(height, width)
    share = SIDE / longer if longer > SIDE else max(1, -(-ENLARGED // longer))
    high, wide = (max(2, round(n * share / 2) * 2) for n in (height, width))
    return high, wide


def small(frame: Image, size: tuple[int, int], scale: int) -> Image:
    """Return a frame of another size, of 8 bits.

    Args:
        frame: the samples.
        size: the height and width wanted.
        scale: the stored number that stands for white.

    Shape: (H, W, C) → (H', W', C)
    """
    import cv2  # noqa: PLC0415  # loads a library

    height, width = size
    shrinks = height <= frame.shape[0]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST
    resized: Image = cv2.resize(np.ascontiguousarray(frame), (width, height), interpolation=way)
    resized = resized.reshape(height, width, frame.shape[2])
    if scale == UINT8.scale and resized.dtype == np.uint8:
        return resized
    stored = np.rint(resized * np.float32(UINT8.scale / scale))  # of a chain they lie anywhere
    return stored.clip(0, UINT8.scale).astype(np.uint8)


class _Film:
    """An MP4 file of H.264, encoded while frames come.

    Args:
        frames: that will come, about.
        size: height and width of them.
        rate: of them, per second.

    Attributes:
        is_full: no more frames are taken.
    """

    def __init__(self, frames: int, size: tuple[int, int], rate: float) -> None:
        import av  # noqa: PLC0415  # loads a library

        self.is_full = False
        self._rate = Fraction(rate).limit_denominator(1001)
        bits = max(LEAST_BITS, min(MOST_BITS, int(BYTES * 8 * rate / max(1, frames))))
        self._frames = 0
        self._behind = Behind()
        self._memory = io.BytesIO()
        self._output = av.open(self._memory, "w", format="mp4")
        options = {
            "preset": "veryfast",
            "crf": QUALITY,
            "maxrate": str(bits),
            "bufsize": str(2 * bits),
            "threads": "1",
            "g": str(max(1, round(rate))),  # a second at most is decoded to show a frame
        }
        self._stream: Any = self._output.add_stream("libx264", rate=self._rate, options=options)
        self._stream.height, self._stream.width = size
        context = self._stream.codec_context
        context.pix_fmt = "yuv420p"
        context.colorspace, context.color_range = COLOURS.space, COLOURS.range
        context.color_primaries, context.color_trc = COLOURS.primaries, COLOURS.transfer
        self._packers = {count: Packer(packed(8, count), "yuv420p", COLOURS) for count in (1, 3)}

    def write(self, frame: Image) -> None:
        """Take the next frame. Shape: (H, W, 1 or 3)"""
        if self.is_full:
            return
        self._behind.call(self._encode, frame, self._frames)
        self._frames += 1
        self.is_full = self._memory.tell() > MOST_BYTES  # those that wait are encoded all the same

    def _encode(self, frame: Image, index: int) -> None:
        made = self._packers[frame.shape[2]](frame)
        made.pts, made.time_base = index, 1 / self._rate
        self._output.mux(self._stream.encode(made))

    def close(self, said: str) -> Clip:
        """Return the file.

        Args:
            said: what is reduced besides.
        """
        self._behind.call(self._finish)
        self._behind.finish()
        reduced = ", ".join(filter(None, [said, "H.264"]))
        data = self._memory.getvalue()
        return Clip(data, "video/mp4", self._frames, float(self._rate), reduced)

    def _finish(self) -> None:
        self._output.mux(self._stream.encode(None))
        self._output.close()
