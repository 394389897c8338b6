"""Read what else frames state: the light of an HDR10 master, and what no output keeps."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

from av.sidedata.sidedata import Type

from convtool.media.video.side_data import side_data

# FFmpeg's AVMasteringDisplayMetadata: x and y of red, green, blue and white, the least and the
# greatest luminance, each a fraction; then whether the colours and the luminances are stated
MASTERING = struct.Struct("20i2i")
CHROMATICITY = Fraction(1, 50000)  # the unit of x and y in HEVC
LUMINANCE = Fraction(1, 10000)  # the unit of luminances in HEVC, in cd/m²
# encoders that store it: the option with further parameters, and those of display and content
ENCODERS = {
    "libx264": ("x264-params", "mastering-display", "cll"),
    "libx265": ("x265-params", "master-display", "max-cll"),
    "libsvtav1": ("svtav1-params", "mastering-display", "content-light"),
}
DROPPED = {
    Type.DOVI_METADATA: "Dolby Vision metadata",
    Type.DOVI_RPU_BUFFER: "Dolby Vision metadata",
    Type.DYNAMIC_HDR_PLUS: "HDR10+ metadata",
    Type.DYNAMIC_HDR_VIVID: "HDR Vivid metadata",
    Type.AMBIENT_VIEWING_ENVIRONMENT: "the ambient viewing environment",
    Type.A53_CC: "closed captions",
    Type.ICC_PROFILE: "the ICC profile",
    Type.STEREO3D: "the stereo layout",
    Type.SPHERICAL: "the spherical projection",
}


@dataclass(frozen=True)
class Light:
    """The static metadata of HDR10.

    Attributes:
        colours: x and y of red, green, blue and white of the mastering display; empty where they
            are not stated.
        luminance: its least and greatest luminance in cd/m²; empty where they are not stated.
        content: the greatest light of a sample, and of a frame on average, in cd/m²; empty where
            they are not stated.
    """

    colours: tuple[Fraction, ...] = ()
    luminance: tuple[Fraction, ...] = ()
    content: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        """Return whether anything is stated."""
        return bool(self.colours or self.content)

    @classmethod
    def of(cls, frame: Any) -> Self:
        """Return what a frame states."""
        beside = side_data(frame)
        content = beside.get(Type.CONTENT_LIGHT_LEVEL)
        light = struct.unpack("2I", content[:8]) if content is not None else ()
        display = beside.get(Type.MASTERING_DISPLAY_METADATA)
        if display is None:
            return cls(content=light)
        *numbers, has_colours, has_luminance = MASTERING.unpack(display[: MASTERING.size])
        values = [Fraction(numbers[n], numbers[n + 1] or 1) for n in range(0, len(numbers), 2)]
        return cls(
            tuple(values[:8]) if has_colours else (),
            tuple(values[8:]) if has_luminance else (),
            light,
        )

    def options(self, encoder: str) -> dict[str, str]:
        """Return the options by which an encoder stores it; none where it cannot."""
        if encoder not in ENCODERS:
            return {}
        option, display, content = ENCODERS[encoder]
        values = []
        if self.colours and self.luminance:
            values.append(f"{display}={self._display(whole=encoder != 'libsvtav1')}")
        if self.content:
            values.append(f"{content}={','.join(map(str, self.content))}")
        return {option: ":".join(values)} if values else {}

    def _display(self, *, whole: bool) -> str:
        """Return the mastering display, in the units of HEVC or in plain numbers."""

        def number(value: Fraction, unit: Fraction) -> str:
            return str(round(value / unit)) if whole else f"{float(value):.6g}"

        x_y = [number(value, CHROMATICITY) for value in self.colours]
        low, high = (number(value, LUMINANCE) for value in self.luminance)
        red, green, blue, white = (f"({x},{y})" for x, y in zip(x_y[::2], x_y[1::2], strict=True))
        return f"G{green}B{blue}R{red}WP{white}L({high},{low})"


def dropped(frame: Any) -> list[str]:
    """Return the names of what a frame states and no output keeps."""
    return list(dict.fromkeys(DROPPED[kind] for kind in side_data(frame) if kind in DROPPED))
