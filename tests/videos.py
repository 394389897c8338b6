"""Make and read videos for tests, by PyAV."""

from fractions import Fraction

import av
import numpy as np

BASE = Fraction(1, 12800)


def make(
    path,
    frames,
    *,
    codec="ffv1",
    pix_fmt="bgr0",
    given="rgb24",
    rate=25,
    times=None,
    audio=None,
    beyond=0,
    aspect=None,
    options=None,
    tags=None,
):
    """Write frames (D, H, W[, C]) as a video, at `times` in ticks of BASE.

    With `audio`, the name of a codec, a tone accompanies them and lasts `beyond` seconds longer.
    """
    with av.open(str(path), "w", options=options or {}) as video:
        stream = video.add_stream(codec, rate=rate)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = stream.time_base = BASE
        if codec == "libx264":
            stream.codec_context.options = {"crf": "0", "preset": "ultrafast"}
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        video.metadata.update(tags or {})
        track = video.add_stream(audio, rate=48000) if audio else None
        if track:
            track.layout = "stereo"
        times = times or [round(Fraction(number, rate) / BASE) for number in range(len(frames))]
        for number, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), given).reformat(
                format=pix_fmt
            )
            frame.pts, frame.time_base = times[number], BASE
            video.mux(stream.encode(frame))
        video.mux(stream.encode(None))
        if track:
            length = int((times[-1] * BASE + beyond) * 48000)
            tone = (np.sin(np.arange(length) / 20) * 0.3).astype(np.float32)
            for start in range(0, length - 1024, 1024):
                piece = av.AudioFrame.from_ndarray(
                    np.stack([tone[start : start + 1024]] * 2), "fltp", "stereo"
                )
                piece.sample_rate, piece.pts = 48000, start
                video.mux(track.encode(piece))
            video.mux(track.encode(None))
    return path


def read(path, format="rgb24"):
    """Return the frames of a video. Shape: (D, H, W, C)"""
    with av.open(str(path)) as video:
        frames = [frame.to_ndarray(format=format) for frame in video.decode(video=0)]
    return np.stack(frames).reshape(len(frames), *frames[0].shape[:2], -1)


def facts(path):
    """Return what FFmpeg reports: times in seconds, size, rate, aspect and audio packets."""
    with av.open(str(path)) as video:
        stream = video.streams.video[0]
        found = {
            "size": (stream.height, stream.width),
            "rate": stream.average_rate,
            "aspect": stream.sample_aspect_ratio or 1,
        }
        shown = [float(frame.pts * stream.time_base) for frame in video.decode(stream)]
    with av.open(str(path)) as video:
        track = (
            [bytes(p) for p in video.demux(video.streams.audio[0]) if p.size]
            if video.streams.audio
            else []
        )
    return found | {"shown": shown, "audio": track}


def moving_square(rng):
    """Return eleven small frames of noise with a moving square. Shape: (11, 20, 28, 3)"""
    frames = rng.integers(0, 256, (11, 20, 28, 3), dtype=np.uint8) // 2
    for number in range(11):
        frames[number, 5:10, 2 * number : 2 * number + 5] += 100
    return frames


def contents(path):
    """Return all that a video holds: frames and their times, packets of all streams, the rest."""
    with av.open(str(path)) as video:
        stream = video.streams.video[0]
        frames = [
            (frame.pts, frame.duration, b"".join(map(bytes, frame.planes)))
            for frame in video.decode(stream)
        ]
        rest = video.metadata, stream.average_rate, video.duration, stream.codec_context.extradata
    packets = {}
    with av.open(str(path)) as video:
        for packet in video.demux():
            if packet.size:
                kept = packet.pts, packet.dts, packet.duration
                beside = bytes(packet) if packet.stream.type != "video" else b""
                packets.setdefault(packet.stream.index, []).append((*kept, beside))
    return frames, packets, rest
