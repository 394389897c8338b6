"""The presets that a page can start from: small ones, with weights by their default parameters."""

from typing import Any

from convtool.errors import ConvtoolError
from convtool.kernels.catalogue import catalogue
from convtool.kernels.loader import Request
from convtool.kernels.spec import parse
from convtool.look.report.shown import Shown
from convtool.media.contract import weighted

MOST = {1: 255, 2: 81, 3: 75}  # weights, by the number of axes


def editor_facts(shown: Shown) -> dict[str, Any] | None:
    """Return what the editor offers: presets of as many axes as the medium has.

    Images with transparency, whose samples are weighted by it, are not edited.
    """
    if weighted(shown.view.work.seen):
        return None
    dims = shown.medium.dims
    return {
        "presets": list(presets(dims, shown.view.work.part.rate)),
        "an_input": {1: "a recording", 2: "an image", 3: "a video"}[dims],
    }


def presets(dims: int, rate: float | None) -> Any:
    """Yield the name, the weights and the rule of each single preset that is small enough."""
    for name, path in catalogue().items():
        try:
            bank = parse(str(path)).load(Request(dims, (), rate, 1))
        except ConvtoolError:
            continue  # it has other axes, or needs what is not known here
        (kernel, *others) = bank.kernels
        if others or kernel.has_channel_axes or kernel.weights.size > MOST[dims]:
            continue
        if kernel.weights.ndim != dims or kernel.bias:
            continue
        yield {
            "name": name,
            "weights": kernel.weights.tolist(),
            "rule": kernel.normalize,
            "align": kernel.align,
        }
