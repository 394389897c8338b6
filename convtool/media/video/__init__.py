"""Video: its backend.

It must not import FFmpeg before the first file is opened.
"""

from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, BinaryIO

from convtool.media.contract import Wanted
from convtool.media.video.containers import FRAMES
from convtool.media.video.formats import READABLE, SUFFIXES, container_of
from convtool.options.reading import VideoReading

if TYPE_CHECKING:
    from convtool.media.video.encoding import VideoEncoding
    from convtool.media.video.reach import Marks, Reach
    from convtool.media.video.read import VideoPart, VideoSource
    from convtool.media.video.stretch import VideoStretch

__all__ = ["BACKEND", "VideoBackend"]


class VideoBackend:
    """How videos are read and written.

    Attributes:
        readable: suffixes of files that are found in folders.
        writable: suffixes that outputs can have, each with its format.
        folders: those of outputs that are folders of images.
    """

    readable: Container[str] = READABLE
    writable: Mapping[str, object] = SUFFIXES
    folders: Container[str] = frozenset({FRAMES})

    def check_suffix(self, suffix: str) -> None:
        """Check that outputs can have a suffix.

        Raises:
            UsageError: no video can be written with it.
        """
        container_of(suffix)

    def open(self, file: BinaryIO, name: str, reading: VideoReading) -> "VideoSource":
        """Open a video.

        Raises:
            ReadError: it cannot be read.
            LimitError: its frames are too large.
        """
        from convtool.media.video.read import VideoSource  # noqa: PLC0415  # FFmpeg

        return VideoSource(file, name, reading)

    def encoding(self, source: "VideoSource", part: "VideoPart", wanted: Wanted) -> "VideoEncoding":
        """Decide how the result of a video is stored.

        Raises:
            UsageError: an option does not fit the codec.
            WriteError: the format cannot hold what is wanted.
        """
        from convtool.media.video.encoding import encoding_of  # noqa: PLC0415  # FFmpeg

        return encoding_of(part.header, source.carried, wanted)

    def marks(self, source: "VideoSource") -> "Marks":
        """Return where a video can be divided.

        Raises:
            IndivisibleError: nowhere.
            ReadError: it is truncated.
        """
        from convtool.media.video.index import marks_of  # noqa: PLC0415  # FFmpeg

        return marks_of(source)

    def stretch(self, part: "VideoPart", reach: "Reach") -> "VideoStretch":
        """Return consecutive frames of a video as a part."""
        from convtool.media.video.stretch import VideoStretch  # noqa: PLC0415  # FFmpeg

        return VideoStretch(part.source, part.header, reach)


BACKEND = VideoBackend()
