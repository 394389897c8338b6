"""Load an impulse response from an audio file: a kernel that gives an input the sound of a room.

    hall.wav    hall.wav:trim=both,fade=50ms,gain=energy    hall_L.wav, with hall_R.wav beside it

The audio backend, and with it torch, is imported only for a text with a suffix of letters.
"""

import math
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from convtool.errors import KernelError, LimitError
from convtool.kernels import response
from convtool.kernels.bounds import MAX_TAPS
from convtool.kernels.grammar import parse_parameters, parse_value
from convtool.kernels.kernel import Bank, Kernel
from convtool.kernels.loader import KernelSpec, Request
from convtool.kernels.response import Taps
from convtool.media.inputs import opened
from convtool.media.registry import MEDIA
from convtool.options.reading import AudioReading

if TYPE_CHECKING:
    from convtool.kernels.schema import Parameter

BLOCK = 2**16  # samples that are read at once
LATE = 0.001  # seconds before a response begins that a note is made of
# a suffix of letters: not the decimals of a parameter or a grid
_TEXT = re.compile(
    r"(?P<path>.+?(?P<suffix>\.[a-z]\w*))(?::(?P<parameters>\s*[a-z-]+\s*=.*))?",
    re.IGNORECASE | re.DOTALL,
)
_LEFT = re.compile(r"(?P<name>.+)(?P<mark>[ _.-])(?P<side>[Ll])")


@cache
def _parameters() -> dict[str, "Parameter"]:
    from convtool.kernels.schema import Parameter  # noqa: PLC0415  # pydantic

    return {
        "trim": Parameter(default="none", choices=response.ENDS),
        "fade": Parameter(default=0, unit="s", minimum=0, maximum=100),
        "pre-delay": Parameter(default=0, unit="s", minimum=0, maximum=10),
        "gain": Parameter(default="none", choices=response.GAINS),
        "pair": Parameter(default="auto", choices=("auto", "none")),
    }


class ImpulseLoader:
    """Impulse responses by the path of their audio file."""

    def claims(self, text: str) -> bool:
        """Return whether the text is the path of an audio file, by its suffix."""
        match = _TEXT.fullmatch(text)
        return match is not None and match["suffix"].lower() in MEDIA["audio"].backend.readable

    def parse(self, text: str) -> KernelSpec:
        """Split the path from its parameters."""
        match = _TEXT.fullmatch(text)
        assert match is not None
        name = PurePath(match["path"]).name
        return KernelSpec(text, self, match["path"], parse_parameters(name, match["parameters"]))

    def load(self, spec: KernelSpec, request: Request) -> Bank:
        """Read the file."""
        if request.dims != 1:
            raise KernelError(f"{spec.text} is an impulse response, which is for `convtool audio`")
        return impulse_response(spec.head, request.in_channels, request.rate, _values(spec))

    def dimensions(self, spec: KernelSpec, search: Sequence[Path]) -> tuple[int, ...]:
        """Return 1: audio."""
        del spec, search
        return (1,)

    def files(self, spec: KernelSpec, search: Sequence[Path]) -> list[Path]:
        """Return the audio file, and that of the right side beside one of the left."""
        del search
        partner = None if ("pair", "none") in spec.parameters else _partner(spec.head)
        return [Path(spec.head), *([] if partner is None else [partner])]

    def steps(self, spec: KernelSpec, search: Sequence[Path]) -> Sequence[str]:
        """Return nothing: it is a kernel."""
        del spec, search
        return ()


def _values(spec: KernelSpec) -> dict[str, Any]:
    """Return the values of the parameters that were given."""
    name = PurePath(spec.head).name
    values = {}
    for key, text in spec.parameters:
        if key not in _parameters():
            raise KernelError(
                f"impulse response '{name}' has no parameter '{key}'",
                hint=f"its parameters: {', '.join(_parameters())}",
            )
        values[key] = parse_value(name, key, text, _parameters()[key])
    return values


def _partner(path: str) -> Path | None:
    """Return the file of the right side beside one of the left: hall_R.wav for hall_L.wav."""
    file = Path(path)
    match = _LEFT.fullmatch(file.stem)
    if match is None:
        return None
    right = "R" if match["side"] == "L" else "r"
    partner = file.with_name(f"{match['name']}{match['mark']}{right}{file.suffix}")
    return partner if partner.is_file() else None


def impulse_response(
    path: str, in_channels: int, rate: float | None, values: dict[str, Any] | None = None
) -> Bank:
    """Return the kernel of an impulse response; it is causal: its first sample is the direct sound.

    A response of one channel filters every channel of the input. One with as many channels as the
    input filters each channel by its own. One with the square of that many is a matrix, in the
    order 1→1, 1→2, …, 2→1, …: for stereo left to left, left to right, right to left, right to
    right. An input of one channel is spread to all channels of the response. The channels of a
    file for the right side follow those of the file for the left.

    Args:
        path: an audio file.
        in_channels: channels of the input.
        rate: samples per second of the input; a response of another rate is resampled, its gain
            kept. None takes it as it is.
        values: of its parameters, by name, where they are given.

    Raises:
        ReadError: the file cannot be read.
        KernelError: its channels do not fit the input's, or it is silent.
        LimitError: it is too long.
    """
    asked: dict[str, Any] = {
        "trim": "none",
        "fade": 0.0,
        "pre-delay": 0.0,
        "gain": "none",
        "pair": "auto",
    }
    asked |= values or {}
    taps, own_rate = _read(path)
    notes: list[str] = []
    label = PurePath(path).stem
    partner = _partner(path) if asked["pair"] == "auto" else None
    if partner is not None:
        taps = _joined(path, (taps, own_rate), partner)
        label = label[:-2]
        notes.append(f"{path} and {partner.name} are taken as a pair; pair=none takes it alone")
    taps = _trimmed(path, taps, own_rate, asked["trim"], notes)
    taps = response.faded(taps, round(asked["fade"] * own_rate))
    if rate is not None and rate != own_rate:
        taps = _resampled(taps, own_rate, rate)
        notes.append(f"{path} resampled from {own_rate:g} to {rate:g} Hz")
    if asked["gain"] != "none":
        _refuse_silence(path, taps)
        taps = response.levelled(taps, asked["gain"])
    taps = np.pad(taps, [(0, 0), (round(asked["pre-delay"] * (rate or own_rate)), 0)])
    _refuse_longer(path, taps.shape[1])
    weights = _weights(path, taps[:, ::-1], in_channels)
    return Bank.of(Kernel(label, 1, weights, align="causal", notes=tuple(notes)))


def _read(path: str) -> tuple[Taps, float]:
    """Return the samples of an audio file in -1…1, and their rate. Shape: (C, K)"""
    with opened(path) as file:
        (part,) = MEDIA["audio"].backend.open(file, path, AudioReading()).parts()
        _refuse_longer(path, part.size[0])
        blocks = [block.tensor[0].numpy() for block in part.blocks(BLOCK)]
    assert part.rate is not None
    return np.concatenate(blocks, axis=1).astype(np.float64) / part.levels.scale, part.rate


def _refuse_longer(path: str, count: int) -> None:
    if count > MAX_TAPS:
        raise LimitError(f"{path}: {count} samples, the limit of an impulse response is {MAX_TAPS}")


def _refuse_silence(path: str, taps: Taps) -> None:
    if not taps.any():
        raise KernelError(f"impulse response {path} is silent")


def _joined(path: str, left: tuple[Taps, float], partner: Path) -> Taps:
    """Return the channels of the left file and then those of the right, as long as the longer."""
    taps, rate = left
    others, own_rate = _read(str(partner))
    if own_rate != rate:
        raise KernelError(
            f"{path} has {rate:g} samples per second, and {partner.name} beside it {own_rate:g}",
            hint="pair=none takes the first alone",
        )
    longest = max(taps.shape[1], others.shape[1])
    return np.concatenate(
        [np.pad(each, [(0, 0), (0, longest - each.shape[1])]) for each in (taps, others)]
    )


def _trimmed(path: str, taps: Taps, rate: float, trim: str, notes: list[str]) -> Taps:
    """Return taps without the silence before their onset and behind their end, as asked."""
    if not taps.any():
        if trim != "none":
            _refuse_silence(path, taps)
        return taps
    first, last = response.onset(taps), response.end(taps)
    begins = f"{first / rate * 1000:.1f} ms after its start"
    if trim in ("start", "both"):
        if first:
            notes.append(f"{path}: its sound begins {begins}; what is before is left out")
    else:
        if first > LATE * rate:
            notes.append(f"{path}: its sound begins {begins}; trim=start leaves out what is before")
        first = 0
    if trim in ("end", "both") and last < taps.shape[1]:
        notes.append(
            f"{path}: it is 60 dB down {last / rate:.3f} s after its start; the rest is left out"
        )
    return taps[:, first : last if trim in ("end", "both") else None]


def _weights(path: str, taps: Taps, in_channels: int) -> Taps:
    """Return taps in the order of a layer's weights. Shape: (C, K) → (K,) or (out, in/groups, K)"""
    count = len(taps)
    if count == 1:
        return np.asarray(taps[0])
    if in_channels in (count, 1):
        return taps[:, None]
    side = math.isqrt(count)
    if side * side == count and side == in_channels:
        return taps.reshape(side, side, -1).swapaxes(0, 1)
    raise KernelError(
        f"impulse response {path} has {count} channels, for an input of {in_channels}",
        hint=f"expected 1, {in_channels} or {in_channels**2} channels",
    )


def _resampled(taps: Taps, rate: float, wanted: float) -> Taps:
    """Return taps at another rate: more of them are smaller in proportion, which keeps the gain."""
    import librosa  # noqa: PLC0415  # takes seconds to import

    changed = librosa.resample(taps, orig_sr=rate, target_sr=wanted, res_type="soxr_vhq")
    return np.asarray(changed * (rate / wanted))
