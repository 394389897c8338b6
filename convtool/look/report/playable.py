"""Choose what can be played of a run: which channels are heard, which output is seen.

It encodes nothing: `audio_clip` and `video_clip` do, which are imported where there is such a clip.
"""

from typing import TYPE_CHECKING

from convtool.look.clip import Clip
from convtool.look.views import Keepers
from convtool.look.witness import View
from convtool.media.contract import Tile
from convtool.outputs.targets import Target
from convtool.run.state import Work

if TYPE_CHECKING:
    from convtool.look.audio_clip import AudioClip
    from convtool.look.video_clip import VideoClip

CLIP = "clip"  # the name of its keeper
HEARD = 2  # channels that can be heard at once


def playable(work: Work) -> tuple[Keepers, Keepers]:
    """Return what keeps something to be played of a part and of its result; of images, nothing."""
    if len(work.part.size) == 1:
        return {CLIP: _audio_before(work)}, {CLIP: _audio_after(work)}
    if len(work.part.size) == 3:
        return {CLIP: _video_before(work)}, {CLIP: _video_after(work)}
    return {}, {}


def heard_before(work: Work) -> tuple[int, ...]:
    """Return the channels of an input that are heard."""
    return tuple(range(len(work.part.channels)))[:HEARD]


def heard_after(work: Work) -> tuple[int, ...]:
    """Return the channels of a result that are heard: the first of the first kernel."""
    return tuple(work.layer.outputs[0].channels)[:HEARD]


def seen_after(work: Work) -> Target:
    """Return the output of a video that is seen: the first."""
    return work.targets[0]


def clip_of(view: View, *, after: bool) -> Clip:
    """Return what can be played of a part, or of its result."""
    keeper = (view.after if after else view.before)[CLIP]
    clip = getattr(keeper, "clip", None)
    assert isinstance(clip, Clip)
    return clip


def rate_after(work: Work) -> float:
    """Return positions of the result per second."""
    assert work.part.rate is not None
    return work.part.rate / work.layer.conv.stride[0]


def _audio_before(work: Work) -> "AudioClip":
    from convtool.look.audio_clip import AudioClip  # noqa: PLC0415

    part = work.part
    assert part.rate is not None
    return AudioClip(part.size[0], part.rate, work.seen.levels, heard_before(work))


def _audio_after(work: Work) -> "AudioClip":
    from convtool.look.audio_clip import AudioClip  # noqa: PLC0415

    length = work.layer.placement(work.part.size).size[0]
    return AudioClip(length, rate_after(work), work.encoding.levels, heard_after(work))


def _video_before(work: Work) -> "VideoClip":
    from convtool.look.video_clip import VideoClip  # noqa: PLC0415

    part = work.part
    assert part.rate is not None
    channels = tuple(range(len(part.channels)))
    tiles = [Tile("", channels)]
    if len(channels) not in (1, 3):  # a tensor's
        tiles = [Tile("", (channel,)) for channel in channels]
    return VideoClip(part.size, part.rate, work.seen.levels.scale, tiles)


def _video_after(work: Work) -> "VideoClip":
    from convtool.look.video_clip import VideoClip  # noqa: PLC0415

    size = work.layer.placement(work.part.size).size
    tiles = seen_after(work).tiles
    return VideoClip(size, rate_after(work), work.encoding.levels.scale, tiles)
