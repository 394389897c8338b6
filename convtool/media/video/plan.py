"""Decide what becomes of all that a video carries: kept, converted or dropped, each with its note.

What is lost follows from two lists, what the input carries and what the container holds; no pair of
formats is looked at by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from convtool.errors import WriteError
from convtool.media.video.carried import Beside, Carried
from convtool.media.video.containers import Container
from convtool.media.video.holdings import LANGUAGE_CODES, Kind, holds, listed
from convtool.media.video.sound import Sound, sound_for
from convtool.options.output import AudioTrack

TEXT = {"ass", "mov_text", "ssa", "subrip", "text", "webvtt"}  # subtitles that are text
STYLED = {"ass", "ssa"}
LATEST = 0.05  # seconds by which audio may begin late before people notice


@dataclass(frozen=True)
class Fate:
    """What becomes of a stream beside the video that is kept.

    Attributes:
        stream: of the input.
        sound: how its audio is encoded; None where its packets stay as they are.
        text: the codec that its subtitles are converted to; empty where they stay as they are.
    """

    stream: Beside
    sound: Sound | None = None
    text: str = ""


@dataclass(frozen=True)
class Plan:
    """What an output carries beside its frames.

    Attributes:
        container: in the form that holds it.
        carried: by the input.
        fates: of the streams that are kept.
        notes: what is lost.
    """

    container: Container
    carried: Carried
    fates: tuple[Fate, ...]
    notes: tuple[str, ...]

    @property
    def tags(self) -> dict[str, str]:
        """Those that are kept."""
        what = self.container.holds
        return {k: v for k, v in self.carried.tags.items() if holds(what, Kind.TAG, k.lower())}

    @property
    def timecode(self) -> str:
        """That of the first frame, where it is kept."""
        timecode = self.carried.timecode
        return timecode if holds(self.container.holds, Kind.TIMECODE, timecode) else ""

    @property
    def has_chapters(self) -> bool:
        """True where chapters are kept."""
        return Kind.CHAPTERS in self.container.holds


def plan(carried: Carried, container: Container, audio: AudioTrack | None) -> Plan:
    """Return what becomes of all that an input carries.

    Args:
        carried: by the input.
        container: of the output.
        audio: what is wanted of its audio; None to copy what can be copied and encode the rest.

    Raises:
        WriteError: audio is to be copied, and the container cannot hold it.
    """
    container = container.fitted(carried.tags)
    fates: list[Fate] = []
    notes: list[str] = []
    for stream in carried.streams:
        fate, note = _fate(stream, container, audio)
        fates += [fate] if fate else []
        notes += [note] if note else []
    notes += _losses(carried, container, fates)
    return Plan(container, carried, tuple(fates), tuple(notes))


def language_of(code: str, container: Container) -> str:
    """Return a language by the code that a container has for it; empty where it has none."""
    for known in (code, LANGUAGE_CODES.get(code, "")):
        if known and holds(container.holds, Kind.LANGUAGE, known):
            return known
    return ""


def _fate(
    stream: Beside, container: Container, audio: AudioTrack | None
) -> tuple[Fate | None, str]:
    """Return what becomes of a stream, and a note where it is not kept as it is."""
    if stream.kind is Kind.AUDIO:
        return _fate_of_audio(stream, container, audio)
    if not stream.codec and stream.kind is not Kind.DATA:
        return None, f"{stream.label} dropped: its codec is not known"
    if holds(container.holds, stream.kind, stream.codec):
        return Fate(stream), ""
    if stream.codec in TEXT and container.text:
        styles = ", without its styles" if stream.codec in STYLED else ""
        return Fate(stream, text=container.text), (
            f"{stream.label} converted to {container.text}{styles}: "
            f"{container.name} cannot hold {stream.codec}"
        )
    return None, f"{stream.label} dropped: {container.name} cannot hold {stream.codec or 'it'}"


def _fate_of_audio(
    stream: Beside, container: Container, audio: AudioTrack | None
) -> tuple[Fate | None, str]:
    """Return what becomes of audio: copied, encoded or dropped, as is wanted and possible."""
    if audio == "drop":
        return None, ""
    obstacle = _obstacle(stream, container)
    if not obstacle and audio != "encode":
        return Fate(stream), ""
    if audio == "copy":
        raise WriteError(
            f"{stream.label} cannot be copied: {obstacle}",
            hint="--audio encode or drop, or another format such as mkv",
        )
    sound = sound_for(stream.shape, container) if stream.shape else None
    if sound is None:
        return None, f"{stream.label} dropped: {obstacle}"
    why = f": {obstacle}" if obstacle else ""
    return Fate(stream, sound), f"{stream.label} re-encoded as {sound.text}{why}"


def _obstacle(stream: Beside, container: Container) -> str:
    """Return why a container cannot hold audio as it is; empty where it can."""
    if not stream.codec:
        return "its codec is not known"
    if not holds(container.holds, Kind.AUDIO, stream.codec):
        return f"{container.name} cannot hold {stream.codec}"
    if not container.timed and stream.late > LATEST:
        return f"{container.name} cannot hold audio that begins later"
    return ""


def _losses(carried: Carried, container: Container, fates: list[Fate]) -> Iterator[str]:
    """Yield a note for each kind of thing, but streams, of which something is lost."""
    said = list(_said(carried, container, fates))
    for kind in Kind:
        names = (name for other, name in said if other is kind)
        lost = [name for name in names if not holds(container.holds, kind, name)]
        if lost:
            yield f"{kind} dropped: {container.name} cannot hold {listed(lost)}"


def _said(carried: Carried, container: Container, fates: list[Fate]) -> Iterator[tuple[Kind, str]]:
    """Yield all that is said of a file and of its streams that are kept, by kind and name."""
    for key in carried.tags:
        yield Kind.TAG, key.lower()
    if carried.timecode:
        yield Kind.TIMECODE, carried.timecode
    if carried.chapters:
        yield Kind.CHAPTERS, "them"
    for said in (carried.video, *(fate.stream.properties for fate in fates)):
        for kind, name in said.items():
            yield kind, (language_of(name, container) or name) if kind is Kind.LANGUAGE else name
