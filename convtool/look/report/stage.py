"""Say what the stage of a page shows, and what of it is exact."""

from pathlib import Path
from typing import Any

from convtool.look.report.shown import Shown
from convtool.options.output import LOSSY
from convtool.sizes import size_text

EXACT = {  # suffixes of files whose samples are those that were stored
    "image": {".png", ".tif", ".tiff", ".bmp", ".ppm", ".pgm", ".pam", ".pfm", ".npy"},
    "audio": {".wav", ".flac", ".aiff", ".aif", ".caf", ".w64", ".rf64", ".au"},
}


def stage_facts(shown: Shown) -> dict[str, Any]:
    """Return what the section on the stage says."""
    return {
        "input": size_text(shown.size),
        "output": size_text(shown.output_size),
        "exactness": f"{_exactness(shown)}{_padding(shown)}",
    }


def _padding(shown: Shown) -> str:
    """Say how samples are marked that padding adds, where it adds some."""
    layer = shown.view.work.layer
    if not any(map(any, layer.ends)):
        return ""
    look = "Tinted" if shown.medium.dims == 1 else "Striped"
    return f" {look} samples are added by padding ({layer.conv.padding_mode})."


def file_data(shown: Shown) -> dict[str, Any]:
    """Return whether the file holds the stored samples themselves, and its suffix."""
    suffix = Path(shown.outcome.outputs[0]).suffix.lower() if shown.outcome.outputs else ""
    kinds = EXACT.get(shown.medium.name, set())
    exact = suffix in kinds and suffix not in LOSSY and not shown.options.output.sheet
    return {"exact": exact, "suffix": suffix or "the output"}


def _exactness(shown: Shown) -> str:
    """Say which part is exact, and which is an overview."""
    parts = shown.look.parts
    first = f" It is the first of {parts} pages." if parts > 1 else ""
    box = size_text(shown.region.size)
    if shown.region.size == shown.output_size:
        return f"The page holds every sample of the input and of the result, as they were.{first}"
    around = {
        1: "The rest is not in the stage.",
        2: "Around it is an overview, paler and reduced, for orientation only.",
        3: "The rest is not in the stage.",
    }[shown.medium.dims]
    return (
        f"Inside the dashed frame, {box} outputs from the middle, is every sample as it was "
        f"read and stored. {around}{first}"
    )
