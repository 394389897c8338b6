"""Say what the stage of a page shows, and what of it is exact."""

from pathlib import Path
from typing import Any

from convtool.look.report.command import explaining
from convtool.look.report.shown import Shown
from convtool.media.inputs import PIPE
from convtool.padding import text_of
from convtool.sizes import size_text

# Files whose samples are those that were stored: images by suffix, audio by subtype.
EXACT_IMAGES = (".png", ".tif", ".tiff", ".bmp", ".ppm", ".pgm", ".pam", ".pfm", ".npy")
EXACT_AUDIO = ("PCM_", "ALAC_", "FLOAT", "DOUBLE")


def stage_facts(shown: Shown) -> dict[str, Any]:
    """Return what the section on the stage says."""
    return {
        "explain": None if shown.job.input == PIPE else explaining(shown),
        "exactness": f"{_exactness(shown)}{_padding(shown)}{_channels(shown)}",
    }


def _padding(shown: Shown) -> str:
    """Say how samples are marked that padding adds, where it adds some."""
    layer = shown.view.work.layer
    if not any(map(any, layer.ends)):
        return ""
    look = "Tinted" if shown.medium.dims == 1 else "Striped"
    return f" {look} samples are added by padding ({text_of(layer.modes)})."


def _channels(shown: Shown) -> str:
    """Say which channels are left out."""
    there = shown.view.work.layer.channels
    if shown.channels == there:
        return ""
    return f" Of {there} channels, it has the first {shown.channels}."


def file_data(shown: Shown) -> dict[str, Any]:
    """Return whether the file holds the stored samples themselves, and its suffix."""
    suffix = Path(shown.outcome.outputs[0]).suffix.lower() if shown.outcome.outputs else ""
    subtype = getattr(shown.view.work.encoding, "subtype", "")
    exact = {
        "image": suffix in EXACT_IMAGES and not shown.options.output.sheet,
        "audio": subtype.startswith(EXACT_AUDIO),
        "video": shown.job.makes_folders,
    }[shown.medium.name]
    return {"exact": exact, "suffix": suffix or "output's"}


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
