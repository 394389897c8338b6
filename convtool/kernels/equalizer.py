"""Design filters from the points of a response: `eq:room.txt`, `eq:room.csv,phase=minimum`.

The response goes through the points, in dB over the logarithm of the frequency, and holds its gain
below the first and above the last.
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convtool.errors import KernelError
from convtool.kernels.bounds import MAX_TAPS
from convtool.kernels.generators.phase import PHASES, Causal, in_phase
from convtool.kernels.grammar import parse_parameters, parse_value
from convtool.kernels.kernel import Bank, Kernel
from convtool.kernels.loader import KernelSpec, Request
from convtool.kernels.points import Points, read_points
from convtool.options.layer import Align

if TYPE_CHECKING:
    from convtool.kernels.schema import Parameter

PREFIX = "eq:"
SECONDS = 0.2  # that a filter lasts by default
MISSED = 1.0  # dB by which it may miss a point without a note
AUDIBLE = -60.0  # dB, below which points are not looked at

_PARAMETERS = re.compile(r"(?P<path>.*?)(?P<parameters>(?:,\s*[\w-]+\s*=[^,=]*)*)", re.DOTALL)


@cache
def _parameters() -> dict[str, "Parameter"]:
    from convtool.kernels.schema import Parameter  # noqa: PLC0415  # pydantic

    return {
        "phase": Parameter(default="linear", choices=PHASES),
        "taps": Parameter(default=0, unit="samples", minimum=0, maximum=MAX_TAPS, integer=True),
        "level": Parameter(default=0, minimum=-1000, maximum=1000),
    }


class EqualizerLoader:
    """Equalizers by the file of their points."""

    def claims(self, text: str) -> bool:
        """Return whether the text begins with `eq:`."""
        return text.startswith(PREFIX)

    def parse(self, text: str) -> KernelSpec:
        """Split the path from its parameters."""
        match = _PARAMETERS.fullmatch(text.removeprefix(PREFIX))
        assert match is not None
        if not match["path"].strip():
            raise KernelError(
                "eq: takes a file of frequencies and gains", hint="for example eq:room.txt"
            )
        given = match["parameters"].removeprefix(",")
        return KernelSpec(text, self, match["path"], parse_parameters("eq", given or None))

    def load(self, spec: KernelSpec, request: Request) -> Bank:
        """Read the points, and design the filter."""
        if request.dims != 1:
            raise KernelError(f"{spec.text} is an equalizer, which is for `convtool audio`")
        if request.rate is None:
            raise KernelError(f"{spec.text}: frequencies need a sample rate, and there is none")
        values = _values(spec)
        path = Path(spec.head)
        points = read_points(path, float(values["level"]))
        return Bank.of(equalizer(path, points, request.rate, values["phase"], int(values["taps"])))

    def dimensions(self, spec: KernelSpec, search: Sequence[Path]) -> tuple[int, ...]:
        """Return 1: audio."""
        del spec, search
        return (1,)

    def files(self, spec: KernelSpec, search: Sequence[Path]) -> list[Path]:
        """Return the file of the points."""
        del search
        return [Path(spec.head)]

    def steps(self, spec: KernelSpec, search: Sequence[Path]) -> Sequence[str]:
        """Return nothing: it is a kernel."""
        del spec, search
        return ()


def _values(spec: KernelSpec) -> dict[str, Any]:
    known = _parameters()
    values: dict[str, Any] = {key: parameter.default for key, parameter in known.items()}
    for key, text in spec.parameters:
        if key not in known:
            names = ", ".join(known)
            raise KernelError(f"eq has no parameter '{key}'", hint=f"its parameters: {names}")
        values[key] = parse_value("eq", key, text, known[key])
    return values


def equalizer(path: Path, points: Points, rate: float, phase: str, taps: int) -> Kernel:
    """Return the filter that has the gains of points.

    Args:
        path: of their file, for names and notes.
        points: frequencies in Hz, rising, and gains in dB.
        rate: samples per second.
        phase: `linear` or `minimum`.
        taps: the length of the filter, made odd; 0 for SECONDS.
    """
    from scipy.signal import firwin2  # noqa: PLC0415  # takes long to import

    count = min(taps or max(3, round(SECONDS * rate)), MAX_TAPS) | 1
    grid = np.linspace(0, rate / 2, (1 << (4 * count).bit_length()) + 1)
    gains = 10 ** (_gains(points, grid) / 20)
    made = in_phase(np.asarray(firwin2(count, grid, gains, nfreqs=len(grid), fs=rate)), phase)
    align: Align = "causal" if isinstance(made, Causal) else "centre"
    weights = made.weights if isinstance(made, Causal) else made
    notes = _notes(path, points, weights, rate)
    return Kernel(f"eq-{path.stem}", 1, weights, align=align, notes=notes)


def _gains(points: Points, frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the gains in dB at frequencies; the lowest point may be 0 Hz."""
    known, gains = np.array(points, dtype=np.float64).T
    least = np.min(known, where=known > 0, initial=2e-3) / 2  # in place of 0 Hz
    logs = np.log(np.maximum(frequencies, least))
    return np.asarray(np.interp(logs, np.log(np.maximum(known, least)), gains))


def _notes(
    path: Path, points: Points, weights: NDArray[np.float64], rate: float
) -> tuple[str, ...]:
    """Return what a user should know: points that are left out, and a point that is missed."""
    notes = []
    above = sum(frequency > rate / 2 for frequency, _ in points)
    if above:
        notes.append(f"{path}: {above} of {len(points)} points are above {rate / 2:g} Hz, left out")
    known = np.array([point for point in points if point[0] <= rate / 2], dtype=np.float64)
    known = known[known[:, 1] > AUDIBLE] if len(known) else known
    if not len(known):
        return tuple(notes)
    size = 1 << (8 * len(weights)).bit_length()
    spectrum = np.abs(np.fft.rfft(weights, size))
    there = np.interp(known[:, 0], np.fft.rfftfreq(size, 1 / rate), spectrum)
    missed = np.abs(20 * np.log10(np.maximum(there, 1e-12)) - known[:, 1])
    worst = int(missed.argmax())
    if missed[worst] > MISSED:
        notes.append(
            f"{path}: {len(weights)} taps miss the gain at {known[worst, 0]:g} Hz by "
            f"{missed[worst]:.1f} dB: more taps= come closer"
        )
    return tuple(notes)
