"""The sections of a page, in order.

A section is a template `templates/sections/NAME.html`, which has its facts as `facts`, and where it
is interactive a module of the script, whose function is listed in `scripts/main.js` under the same
name: it is given the section's element, the same facts, and the page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convtool.look.report.layer import layer_facts
from convtool.look.report.presets import editor_facts
from convtool.look.report.shown import Shown
from convtool.look.report.stage import stage_facts

Facts = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """A section.

    Attributes:
        name: of its template, its element and its function in the script.
        title: its heading.
        facts: what it shows of a run, as JSON has it; None where a run has no such section.
    """

    name: str
    title: str
    facts: Callable[[Shown], Facts | None]


def _nothing(shown: Shown) -> Facts:
    """Return no facts of its own: the section shows what the page holds of the run."""
    del shown
    return {}


def _audio(shown: Shown) -> Facts | None:
    """Return what the section on audio shows; other media have none."""
    if shown.medium.dims != 1:
        return None
    from convtool.look.report.audio import audio_facts  # noqa: PLC0415  # librosa

    return audio_facts(shown)


def _video(shown: Shown) -> Facts | None:
    """Return what the section on video shows; other media have none."""
    if shown.medium.dims != 3:
        return None
    from convtool.look.report.video import video_facts  # noqa: PLC0415  # PyAV

    return video_facts(shown)


SECTIONS = (
    Section("audio", "Audio", _audio),
    Section("video", "Video", _video),
    Section("stage", "The stage", stage_facts),
    Section("editor", "Change it", editor_facts),
    Section("layer", "The layer", layer_facts),
    Section("kernels", "Kernels", _nothing),
    Section("distribution", "Distribution", _nothing),
)
