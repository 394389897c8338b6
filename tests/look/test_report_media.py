"""Reports of audio and video: what is played is what was read and written; indexes of reports."""

import io
import os
import wave
from urllib.parse import unquote

import av
import numpy as np
import pytest
import soundfile
import torch
from browsers import chromium, visited
from conftest import SAMPLES
from PIL import Image

from convtool.cli import running
from convtool.levels import UINT8, of
from convtool.look.audio_clip import AudioClip
from convtool.look.report.reports import page_names
from convtool.look.video_clip import VideoClip
from convtool.media.contract import Tile

INT16 = of(torch.int16)
SOUND = "document.getElementById('audio').sound"
FILMS = "document.getElementById('video').films"


@pytest.fixture(scope="module")
def browser():
    """A browser for all tests of this module."""
    with chromium() as running_browser:
        yield running_browser


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    """A report of audio, and the file that was written."""
    return made(tmp_path_factory, "audio", "melody.wav", "out.wav", "-k", "lowpass:cutoff=500")


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A report of a video, and the file that was written."""
    return made(tmp_path_factory, "video", "clip.mp4", "out.mp4", "-k", "blur")


def made(tmp_path_factory, medium, sample, name, *options):
    """Filter a sample with --report, and return the page and the output."""
    folder = tmp_path_factory.mktemp(medium)
    words = [medium, SAMPLES / sample, folder / name, *options, "--report", folder / "page.html"]
    assert running_in_process(words) == 0
    return folder / "page.html", folder / name


def running_in_process(words):
    """Run a command, and return its exit code."""
    from convtool.cli.app import run  # noqa: PLC0415

    return run([str(word) for word in words])


def taken(keeper, samples, length=5000):
    """Show a keeper samples block by block, and return what it makes of them."""
    for start in range(0, samples.shape[1], length):
        keeper.take(samples[:, start : start + length], start)
    return keeper.clip


def frames_of(data):
    """Return the frames of a video as an array. Shape: (D, H, W, 3)"""
    with av.open(io.BytesIO(data)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def until(page, condition):
    """Wait until a condition holds in a page, whose policy does not let Playwright do so."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(condition)


def test_short_audio_is_played_without_loss(rng):
    """All samples of 16 bits are in the WAV file, as they are."""
    samples = torch.from_numpy(rng.integers(-(2**15), 2**15, (2, 12_345)).astype(np.int16))
    clip = taken(AudioClip(12_345, 8000, INT16, (0, 1)), samples)
    with wave.open(io.BytesIO(clip.data)) as file:
        found = np.frombuffer(file.readframes(-1), "<i2").reshape(-1, 2).T
        assert file.getframerate() == 8000
    assert np.array_equal(found, samples.numpy())
    assert clip.reduced == ""


def test_long_audio_is_played_as_opus():
    """A tone of 40 s comes back at its time, its frequency and its loudness."""
    rate, seconds = 44_100, 40
    tone = (9000 * torch.sin(torch.arange(rate * seconds) * (2 * torch.pi * 440 / rate))).short()
    tone[: rate * 10] = 0
    clip = taken(AudioClip(len(tone), rate, INT16, (0,)), tone[None], 100_000)
    assert clip.reduced.startswith("Opus")
    with av.open(io.BytesIO(clip.data)) as container:
        heard = np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=1)[0]
    assert len(heard) == pytest.approx(seconds * 48_000, abs=480)
    assert np.abs(heard[: 48_000 * 9]).max() < 0.01
    later = heard[48_000 * 12 : 48_000 * 13]
    assert np.abs(later).max() == pytest.approx(9000 / 2**15, rel=0.05)
    assert np.abs(np.fft.rfft(later)).argmax() == 440


def test_a_video_is_played_frame_by_frame(rng):
    """Each frame of a clip is that of the video, reduced by means."""
    small = rng.integers(0, 256, (3, 6, 10, 24), dtype=np.uint8)
    samples = torch.from_numpy(small).repeat_interleave(40, 2).repeat_interleave(40, 3)
    keeper = VideoClip((6, 400, 960), 25, 255, (Tile("", (0, 1, 2)),))
    clip = taken(keeper, samples, 4)
    assert keeper.size == (200, 480)
    found = frames_of(clip.data)[:, 10::20, 10::20].astype(int)
    assert found.shape == (6, 10, 24, 3)
    assert np.abs(found - np.moveaxis(small, 0, 3)).mean() < 4
    assert clip.reduced == "480×200 pixels, H.264"


def test_a_clip_keeps_within_its_bytes_whatever_the_length_was_said_to_be(monkeypatch, rng):
    """Where a length had been estimated too low, what is left is not encoded, and so it is said."""
    monkeypatch.setattr("convtool.look.video_clip.MOST_BYTES", 100_000)
    noise = torch.from_numpy(rng.integers(0, 256, (1, 400, 64, 64), dtype=np.uint8))
    clip = taken(VideoClip((10, 64, 64), 25, UINT8.scale, (Tile("", (0,)),)), noise, 16)
    assert clip.positions < 400
    assert 100_000 < len(clip.data) < 400_000
    assert len(frames_of(clip.data)) == clip.positions


def test_audio_plays_in_step(browser, audio):
    """Play moves the cursor as the clock does, both decode, and what is heard can be switched."""
    with visited(browser, audio[0]) as page:
        assert not page.evaluate(f"{SOUND}.playing")
        page.click("#audio-play")
        until(page, f"{SOUND}.playing && {SOUND}.time > 0.2")
        lag = page.evaluate(f"""() => new Promise((done) => requestAnimationFrame(() => {{
          const left = parseFloat(document.getElementById("audio-cursor").style.left);
          done(left / 100 * 2.25 - {SOUND}.time);
        }}))""")
        assert abs(lag) < 0.05
        page.click("#audio-hear-after")
        page.wait_for_timeout(80)
        gains = page.evaluate(f"{SOUND}.gains.map((each) => each.gain.value)")
        assert gains == pytest.approx([0, 1], abs=0.01)
        page.click("#audio-play")
        assert not page.evaluate(f"{SOUND}.playing")
        lengths = page.evaluate(f"{SOUND}.buffers.map((each) => each.duration)")
        assert lengths == pytest.approx([2.25, 2.25], abs=0.01)


def test_what_is_heard_is_what_the_file_has(browser, audio):
    """The samples that the browser decodes are those of the input and of the output."""
    with visited(browser, audio[0]) as page:
        page.click("#audio-play")
        until(page, f"{SOUND}.buffers !== undefined")
        heard = page.evaluate(
            f"{SOUND}.buffers.map((each) => Array.from(each.getChannelData(1).slice(0, 5000)))"
        )
    for path, ours in zip((SAMPLES / "melody.wav", audio[1]), heard, strict=True):
        theirs, _ = soundfile.read(path, always_2d=True)
        np.testing.assert_allclose(ours, theirs[:5000, 1], atol=1 / 2**15)


def test_audio_by_keyboard(browser, audio):
    """Keys move the cursor, and Enter selects its sample in the stage."""
    with visited(browser, audio[0]) as page:
        page.focus("#audio-timeline")
        for key in ("Home", *["ArrowRight"] * 30, "Shift+ArrowRight"):
            page.keyboard.press(key)
        second = page.evaluate(f"{SOUND}.time")
        assert second == pytest.approx(2.25 * 0.3 + 1 / 16_000)
        page.keyboard.press("Enter")
        selected = page.evaluate("convtool.selected.position[0]")
        assert selected == pytest.approx(second * 16_000, abs=1)
        assert "is worked out" in page.inner_text("#audio-pointed")
        page.keyboard.press("b")
        assert page.get_attribute("#audio-hear-after", "aria-pressed") == "true"


def test_videos_play_in_step(browser, video):
    """Both can be played, stay within 50 ms of each other, and end on the frame that is named."""
    with visited(browser, video[0]) as page:
        until(page, f"{FILMS}.videos.every((each) => each.readyState >= 3)")
        assert page.evaluate(f"{FILMS}.videos.every((each) => each.paused)")
        page.click("#video-play")
        until(page, f"{FILMS}.time > 0.6")
        apart = page.evaluate(f"{FILMS}.videos[0].currentTime - {FILMS}.videos[1].currentTime")
        assert abs(apart) < 0.05
        page.click("#video-play")
        frame = int(page.input_value("#video-frame"))
        page.click("#video-forward")
        times = page.evaluate(f"{FILMS}.videos.map((each) => each.currentTime * 25)")
        assert times == pytest.approx([frame + 1.5] * 2, abs=0.01)
        left = page.evaluate("parseFloat(document.querySelector('.cut .cursor').style.left)")
        assert left == pytest.approx(100 * (frame + 1.5) / 50, abs=0.5)


def test_a_click_into_a_video_selects_the_sample(browser, video):
    """The middle of the frame that is seen is worked out in the stage."""
    with visited(browser, video[0]) as page:
        page.evaluate(f"{FILMS}.show(25)")
        page.click("#video-after")
        frame, y, x = page.evaluate("convtool.selected.position")
        assert frame == 25
        assert (y, x) == (pytest.approx(60, abs=1), pytest.approx(80, abs=1))
        page.click("#video-strip li:last-child button")
        assert page.input_value("#video-frame") == "49"
        page.click("#video-stage")
        assert "is not held exactly" in page.inner_text("#video-pointed")
        page.click("#video-there")
        page.click("#video-stage")
        assert "is worked out" in page.inner_text("#video-pointed")
        page.click("#video-strip li:first-child button")
        assert page.input_value("#video-frame") == "0"


def test_a_varying_frame_rate_is_told(browser, convtool, video, tmp_path):
    """Clips are played at the mean rate, and the page says so; its slices have the real times."""
    source, page = tmp_path / "in.gif", tmp_path / "page.html"
    frames = [Image.new("L", (20, 20), 60 * n) for n in range(1, 5)]
    durations = [200, 200, 100, 400]
    frames[0].save(source, save_all=True, append_images=frames[1:], duration=durations)
    words = ("video", source, tmp_path / "out.gif", "-k", "1", "--report", page)
    assert convtool(*words).code == 0
    with visited(browser, page) as shown:
        assert "at the mean rate, 4.545 frames per second" in shown.inner_text("#video")
        shown.evaluate(f"{FILMS}.show(3)")
        assert shown.text_content("#video-time") == "frame 3 of 4, 0.50 s"
        left = shown.evaluate("parseFloat(document.querySelector('.cut .cursor').style.left)")
        assert left == pytest.approx(100 * 0.7 / 0.9, abs=0.1)
        box = shown.locator(".slice[data-side=after] .cut").bounding_box()
        for second, frame in ((0.1, 0), (0.45, 2), (0.55, 3), (0.89, 3)):
            x = box["width"] * second / 0.9
            shown.click(".slice[data-side=after] .cut", position={"x": x, "y": 5})
            assert shown.input_value("#video-frame") == str(frame)
    with visited(browser, video[0]) as shown:
        assert "in the times of their files" in shown.inner_text("#video")


HOSTILE = ['<img src=x onerror=alert(1)>"&.png', "a\nb.png", "\u202eevil#%20?.png", "it's.png"]


def test_an_index_links_to_a_page_for_each_input(browser, convtool, tmp_path):
    """Names are text, links lead to pages, two inputs of one stem have two, failures are told."""
    folder = tmp_path / "in"
    folder.mkdir()
    names = [*HOSTILE, "twice.png", "twice.bmp"]
    for name in names:
        Image.new("RGB", (9, 7), "teal").save(folder / name)
    (folder / "broken.png").write_bytes(b"nothing")
    index = tmp_path / "all <b>.html"
    result = convtool(
        "image", folder, f"{tmp_path / 'out'}/", "-k", "blur", "--merge", "--report", index
    )
    assert result.code == 1
    with visited(browser, index) as page:
        texts = page.evaluate("[...document.querySelectorAll('th bdi')].map((e) => e.textContent)")
        assert {text.rpartition("/")[2] for text in texts} == {*names, "broken.png"}
        links = page.evaluate("[...document.querySelectorAll('th a')].map((e) => e.href)")
        assert page.locator("tr.failed .bad").first.inner_text() == "failed"
        assert page.evaluate("[...document.images].every((each) => each.naturalWidth > 0)")
    assert len(set(links)) == len(names)
    for link in links:
        path = tmp_path / "all <b>_pages" / unquote(link).rpartition("/")[2]
        assert path.is_file()
    hostile = next((tmp_path / "all <b>_pages").glob("*onerror*"))
    with visited(browser, hostile) as page:
        assert page.inner_text("h1").endswith(HOSTILE[0])
        back = page.evaluate("document.querySelector('.brand a').href")
    assert unquote(back).endswith("/all <b>.html")


def test_an_index_is_not_written_over(convtool, tmp_path):
    """An existing index, or its folder, is refused before anything is done."""
    (tmp_path / "all_pages").mkdir()
    words = ["image", SAMPLES / "chart.jpg", SAMPLES / "cross.png", f"{tmp_path / 'out'}/"]
    result = convtool(*words, "--report", tmp_path / "all.html")
    assert result.code != 0
    assert "all_pages already exists" in result.err
    assert not (tmp_path / "out").exists()


def test_an_interrupted_run_lists_what_is_done(convtool, tmp_path, monkeypatch):
    """The index of a run that ends early has the pages so far, and names what was not done."""
    real = running.run

    def run(job, shared):
        if job.index == 2:
            raise KeyboardInterrupt
        return real(job, shared)

    monkeypatch.setattr(running, "run", run)
    inputs = [SAMPLES / name for name in ("cross.png", "checker.png", "half-plane.png")]
    index = tmp_path / "all.html"
    result = convtool(
        "image", *inputs, f"{tmp_path / 'out'}/", "-k", "blur", "-j", 1, "--report", index
    )
    assert result.code == 130
    text = index.read_text()
    assert 'href="all_pages/cross.html"' in text
    assert text.count("not done</td>") == 2
    assert [path.name for path in (tmp_path / "all_pages").iterdir()] == ["cross.html"]


def test_names_of_pages_are_distinct():
    """No two are alike on a system that ignores case, and none is too long or leads elsewhere."""
    names = page_names(["a", "A", "a-2", "../x", "n" * 300, "n" * 301])
    assert names[:4] == ["a.html", "A-2.html", "a-2-2.html", ".._x.html"]
    assert len({name.casefold() for name in names}) == 6
    assert max(len(os.fsencode(name)) for name in names) < 255


@pytest.mark.long
def test_ten_minutes_of_audio_make_a_small_page(convtool, tmp_path, rng):
    """The page has all of it, before and after, in less than 4 MB."""
    source, page = tmp_path / "long.wav", tmp_path / "page.html"
    noise = rng.normal(0, 5000, 60 * 8000).astype(np.int16)
    soundfile.write(source, np.tile(noise, 10), 8000)
    result = convtool("audio", source, tmp_path / "out.wav", "-k", "0.5 0.5", "--report", page)
    assert result.code == 0
    assert page.stat().st_size < 4_000_000
    assert '"seconds":600.0' in page.read_text()
