"""Run `convtool fit`: find the kernel, write it, and print what is known of it."""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.cli import messages
from convtool.errors import UsageError
from convtool.fit.fit import ROUNDING, Fitted, fit
from convtool.fit.opening import opened_pairs
from convtool.fit.pairs import Pairs
from convtool.fit.text import text_of
from convtool.kernels.kernel import Bank
from convtool.kernels.table import number
from convtool.look.plots.style import number as short
from convtool.look.plots.suffixes import check_suffix
from convtool.media.inputs import PIPE
from convtool.options.declare import flag_of, lacking
from convtool.options.fit import FitOptions
from convtool.outputs.atomic import Publisher
from convtool.outputs.existing import refuse_existing
from convtool.sizes import are, counted, size_text

MOST = 9  # weights per axis, up to which they are printed
SUFFIXES = (".yaml", ".yml")


def fit_files(
    names: tuple[str, str],
    own: Mapping[str, Any],
    reading: Mapping[str, Any],
    *,
    as_json: bool,
    overwrite: bool,
) -> None:
    """Find the kernel that turns one file into another, and print it.

    Args:
        names: of BEFORE and AFTER.
        own: options of the fit, by name.
        reading: options of reading, by name.
        as_json: print one line of JSON.
        overwrite: replace existing outputs.

    Raises:
        ConvtoolError: a file cannot be read or written, or an option is wrong.
    """
    asked = FitOptions(**own)
    _check_outputs(asked, names, overwrite=overwrite)
    with opened_pairs(names, asked.medium, reading, asked.range) as pairs:
        notes = _without_effect(pairs, asked, own, reading)
        limit = reading.get("max_memory", pairs.medium.reading().max_memory)
        fitted = fit(pairs, asked, limit, drawn=asked.plot is not None)
    notes += fitted.notes
    title = f"{pairs.names[0]} → {pairs.names[1]}"
    if asked.output is not None:
        about = [title, *_rows(fitted)]
        written = text_of(fitted.kernel, str(asked.output), pairs.names, about)
        with Publisher().file(asked.output, overwrite=overwrite) as file:
            file.write(written.encode())
    if asked.plot is not None:
        _plot(fitted, title, asked.plot, asked.dpi, overwrite=overwrite)
    if as_json:
        messages.data(_described(fitted, pairs, asked, notes))
        return
    for note in notes:
        messages.say(f"note: {messages.printable(note)}")
    print("\n".join(map(messages.printable, _page(fitted, title))))
    for path in (asked.output, asked.plot):
        if path is not None:
            messages.say(f"wrote {messages.printable(str(path))}")


def _check_outputs(asked: FitOptions, names: tuple[str, str], *, overwrite: bool) -> None:
    """Check that outputs can be written, before anything is read."""
    if asked.output is not None:
        if str(asked.output) == PIPE:
            raise UsageError("-o writes a file, not standard output", hint="--json prints weights")
        if asked.output.suffix.lower() not in SUFFIXES:
            raise UsageError(
                f"-o {asked.output}: kernel files end in .yaml",
                hint=f"-o {asked.output.with_suffix('.yaml')}",
            )
    if asked.plot is not None:
        check_suffix(str(asked.plot))
    for path in (asked.output, asked.plot):
        if path is None:
            continue
        if any(path.exists() and Path(name).exists() and path.samefile(name) for name in names):
            raise UsageError(f"{path} is an input, which is never replaced")
        refuse_existing(path, overwrite=overwrite)


def _without_effect(
    pairs: Pairs, asked: FitOptions, own: Mapping[str, Any], reading: Mapping[str, Any]
) -> list[str]:
    """Return a note for each option that was given and has no effect."""
    medium = pairs.medium
    known = {field.name for field in dataclasses.fields(medium.reading)}
    situation = vars(asked) | {"medium": medium.name}
    return [
        *lacking([FitOptions], own, situation),
        *(f"{flag_of(name)} has no effect on {medium.several}" for name in reading.keys() - known),
    ]


def _plot(fitted: Fitted, title: str, path: Path, dpi: int, *, overwrite: bool) -> None:
    """Draw the kernel and the residual into a file."""
    from convtool.look.plots.figures import draw_fit  # noqa: PLC0415  # matplotlib
    from convtool.look.plots.fitted import Left  # noqa: PLC0415  # matplotlib

    left = fitted.residual
    unit = "level" if not fitted.levels.floats else ""
    shown = Left(
        title,
        tuple(_rows(fitted)),
        unit,
        left.picture,
        left.line,
        fitted.model.origin[0],
        left.step,
        fitted.rate,
    )
    with Publisher().file(path, overwrite=overwrite) as file:
        draw_fit(Bank.of(fitted.kernel), shown, file, path.suffix, dpi)


def _page(fitted: Fitted, title: str) -> Iterator[str]:
    """Yield what people read: the kernel, and how good it is."""
    yield title
    yield ""
    yield from _grids(fitted)
    yield from _rows(fitted)


def _rows(fitted: Fitted) -> Iterator[str]:
    """Yield what is known of the kernel, in lines."""
    left, model = fitted.residual, fitted.model
    if model.shared:
        whose = f"one for {counted(len(fitted.channels), 'channel')}"
    else:
        whose = f"{counted(model.inputs, 'input')} per output, {len(fitted.channels)} of them"
    yield f"kernel     {size_text(model.size)}, {whose}, sum {number(_sum(fitted))}"
    yield f"bias       {_biases(fitted)}"
    if fitted.levels.floats:
        sizes = f"{short(left.rms)} RMS, {short(left.largest)} at most"
    else:
        sizes = f"{short(left.rms)} levels RMS, {short(left.largest)} at most"
        sizes += f"; rounding is {ROUNDING:.2g}"
    yield f"residual   {sizes}"
    if left.size:
        yield f"explained  {_explained(left.explained)} of the variation of AFTER"
    yield f"windows    {fitted.windows:,} fitted{_clipped(fitted)}"
    known = fitted.known
    if known.all():
        most = short(float(fitted.uncertainty.max()))
        every = "all " if known.size > 1 else ""
        yield f"certainty  {every}{are(known.size, 'weight')} known, to ±{most} or better"
    for line in fitted.unknown:
        yield f"certainty  {line}"


def _explained(share: float) -> str:
    """Return a share in per cent; a little less than all is not all."""
    text = f"{100 * share:.6g} %"
    return "more than 99.9999 %" if share < 1 and text == "100 %" else text


def _clipped(fitted: Fitted) -> str:
    if not fitted.clipped:
        return ""
    low, high = fitted.levels.low, fitted.levels.high
    return f", {fitted.clipped:,} left out as AFTER is clipped there ({low} or {high})"


def _sum(fitted: Fitted) -> float:
    """Return the sum of the weights of an output: of the first, where there are several."""
    return float(fitted.solutions[0].weights.sum())


def _biases(fitted: Fitted) -> str:
    texts = [number(each.bias) if each.has_bias else "0" for each in fitted.solutions[:MOST]]
    more = ", …" if len(fitted.solutions) > MOST else ""
    return ", ".join(texts) + more


def _grids(fitted: Fitted) -> Iterator[str]:
    """Yield the weights, where they are few."""
    weights = fitted.kernel.weights
    if weights.size > MOST * MOST:
        return
    rows = weights.shape[-2] if fitted.kernel.dims > 1 else 1
    for plane in _aligned(weights.reshape(-1, rows, weights.shape[-1])):
        for cells in plane:
            for start in range(0, len(cells), MOST):
                yield "  ".join(cells[start : start + MOST])
        yield ""


def _aligned(planes: NDArray[np.float64]) -> list[list[list[str]]]:
    """Return planes of weights as texts of one width, which show a thousandth of the largest."""
    largest = float(np.abs(planes).max()) or 1.0
    decimals = int(np.clip(3 - np.floor(np.log10(largest)), 0, 9))
    rounded = planes.round(decimals) + 0.0
    texts = [[[f"{w:.{decimals}f}" for w in row] for row in plane] for plane in rounded.tolist()]
    width = max(len(text) for plane in texts for row in plane for text in row)
    return [
        [[f"{text:>{width}}".replace("-", "−") for text in row] for row in plane] for plane in texts
    ]


def _described(fitted: Fitted, pairs: Pairs, asked: FitOptions, notes: list[str]) -> dict[str, Any]:
    """Return what is known of the kernel as one line of JSON."""
    left = fitted.residual
    bias = fitted.kernel.bias
    return {
        "before": pairs.names[0],
        "after": pairs.names[1],
        "medium": pairs.medium.name,
        "size": fitted.model.size,
        "align": fitted.model.align,
        "weights": fitted.kernel.weights.tolist(),
        "bias": list(bias) if isinstance(bias, tuple) else bias,
        "uncertainty": fitted.uncertainty.tolist(),
        "known": fitted.known.tolist(),
        "unknown": fitted.unknown,
        "residual": {
            "rms": left.rms,
            "largest": left.largest,
            "unit": "1" if fitted.levels.floats else "level",
            "rounding": 0.0 if fitted.levels.floats else ROUNDING,
            "explained": left.explained,
        },
        "windows": fitted.windows,
        "clipped": fitted.clipped,
        "output": None if asked.output is None else str(asked.output),
        "plot": None if asked.plot is None else str(asked.plot),
        "notes": notes,
    }
