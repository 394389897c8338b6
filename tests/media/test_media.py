"""A medium is a registered value: adding a fourth needs no edit in the program.

The toy medium is volumes, stacks of `.npy` slices: three axes, without time. It is written here
against the contract alone, and runs through the command line, the pipeline, `apply` and a dry run.
"""

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from scipy import ndimage

import convtool as package
from convtool.block import Block
from convtool.cli.filtering import command_of
from convtool.errors import ReadError, WriteError
from convtool.levels import Levels, of
from convtool.media.contract import Tile
from convtool.media.grid import arrange, grid_size
from convtool.media.policies import Notes, finite, named, refuse_empty
from convtool.media.registry import MEDIA, Medium, medium_of_tensor, register
from convtool.media.video.tiles import TileGrid

SUFFIXES = {".npy": "a stack of slices"}


class Volume:
    """A stack of slices, as a part."""

    def __init__(self, slices: np.ndarray) -> None:
        self.slices = torch.from_numpy(slices)
        self.channels = ("density",)
        self.size = tuple(slices.shape)
        self.levels = of(self.slices.dtype)
        self.rate = None
        self.memory = slices.nbytes

    def blocks(self, length, *, company=False):
        """Yield slices."""
        for slices in self.slices.split(length):
            yield Block(slices[None, None], self.levels)

    def tail(self, length):
        """Return the last slices."""
        return self.slices[-length:][None, None]


class VolumeSource(Notes):
    """A file with one volume."""

    def __init__(self, file, name, reading):
        super().__init__()
        refuse_empty(file, name)
        try:
            slices = np.load(file, allow_pickle=False)
        except ValueError as exc:
            raise ReadError(f"{name}: not a volume: {exc}") from exc
        if slices.dtype.kind == "f":
            slices = finite(slices, reading, name)
        self.volume = Volume(slices)

    def parts(self):
        """Yield the volume."""
        yield self.volume


class VolumeEncoder(Notes):
    """Collect slices, and save them at the end."""

    def __init__(self, file, tiles):
        super().__init__()
        self.file = file
        self.channels = [channel for tile in tiles for channel in tile.channels]
        self.slices = []

    def begin(self, part, placement, levels, tiles):
        """Note how many slices will come."""
        self.expected = placement.size[0]

    def prepare(self, block):
        """Return the channels that are shown."""
        return block.tensor[0, self.channels].movedim(0, -1).numpy()

    def write(self, prepared):
        """Keep the next slices."""
        self.slices.append(prepared.copy())

    def close(self):
        """Save all slices."""
        stack = np.concatenate(self.slices)
        assert len(stack) == self.expected
        np.save(self.file, stack, allow_pickle=False)

    def drop(self):
        """Release them."""
        self.slices.clear()


@dataclass(frozen=True)
class VolumeEncoding:
    """Samples stored as the input's, or as raw floats."""

    levels: Levels
    memory: int
    notes: tuple[str, ...] = field(default=())

    def open(self, place, tiles):
        """Begin a file."""
        return VolumeEncoder(place, tiles)


class VolumeBackend:
    """Read and write volumes."""

    readable = writable = frozenset(SUFFIXES)
    folders = frozenset()

    def check_suffix(self, suffix):
        """Only `.npy`."""
        named(suffix, SUFFIXES, "no volume format is known by")

    def open(self, file, name, reading):
        """Open a volume."""
        return VolumeSource(file, name, reading)

    def encoding(self, source, part, wanted):
        """Keep the type."""
        levels = of(torch.float32) if wanted.raw else part.levels
        if wanted.suffix != ".npy":
            raise WriteError("only .npy")
        return VolumeEncoding(levels, part.memory)


@pytest.fixture
def volumes():
    """Register the toy medium for one test."""
    register(
        Medium(
            "volume",
            3,
            VolumeBackend,
            position="slice",
            several="volumes",
            random_channels=2,
        )
    )
    yield MEDIA["volume"]
    del MEDIA["volume"]


@pytest.fixture
def run(volumes, capfd):
    """Run the command of the toy medium."""
    import typer  # noqa: PLC0415  # as the program does
    from conftest import Result  # noqa: PLC0415

    from convtool.cli import messages  # noqa: PLC0415

    app = typer.Typer(pretty_exceptions_enable=False)
    app.command("volume")(command_of(volumes))
    app.callback()(lambda: None)

    def call(*arguments):
        capfd.readouterr()
        command = typer.main.get_command(app)
        try:
            code = command(["volume", *map(str, arguments)], standalone_mode=False)
        except package.ConvtoolError as exc:
            messages.error(exc.message, exc.hint)
            code = exc.exit_code
        out, err = capfd.readouterr()
        return Result(code or 0, out, err)

    return call


@pytest.fixture
def stack(tmp_path, rng):
    """Write a volume of 40 slices, which are several blocks for small kernels."""
    slices = rng.integers(0, 2**16, (40, 31, 29), np.uint16)
    np.save(tmp_path / "in.npy", slices)
    return slices


def smoothed(slices):
    """Return the volume filtered by scipy: a mean over 3 × 3 × 3, edges repeated."""
    mean = ndimage.correlate(slices.astype(np.float64), np.full((3, 3, 3), 1 / 27), mode="nearest")
    return np.rint(mean)


def test_a_fourth_medium_runs_through_the_pipeline(run, tmp_path, stack):
    """A filtered volume of stored integers equals scipy's."""
    result = run(tmp_path / "in.npy", tmp_path / "out.npy", "-k", "box:size=3")
    assert result.code == 0, result.err
    made = np.load(tmp_path / "out.npy")
    assert made.dtype == np.uint16
    assert np.abs(made[..., 0] - smoothed(stack)).max() <= 1


def test_an_output_is_decided_once(run, tmp_path, stack, monkeypatch):
    """A single part is planned once, and not again when it is written."""
    decided = []
    decide = VolumeBackend.encoding

    def encoding(self, source, part, wanted):
        decided.append(wanted.suffix)
        return decide(self, source, part, wanted)

    monkeypatch.setattr(VolumeBackend, "encoding", encoding)
    assert run(tmp_path / "in.npy", tmp_path / "out.npy", "-k", "box:size=3").code == 0
    assert decided == [".npy"]


def test_one_file_per_channel_in_a_folder(run, tmp_path, stack):
    """Files are named by kernel and channel, and not rewritten when they are up to date."""
    arguments = (tmp_path / "in.npy", f"{tmp_path}/out/", "--seed", "1", "--skip-existing")
    assert run(*arguments).code == 0
    names = [path.name for path in (tmp_path / "out").glob("*.npy")]
    assert sorted(names) == ["in_random_1.npy", "in_random_2.npy"]
    assert "up to date" in run(*arguments).err


def test_a_dry_run_describes_a_fourth_medium(run, tmp_path, stack):
    """A dry run reports shapes, memory and files, and writes nothing."""
    result = run(tmp_path / "in.npy", tmp_path / "out.npy", "-k", "box:size=3", "--dry-run")
    assert result.code == 0, result.err
    assert "input: 1×1×40×31×29" in result.out
    assert "stored as: uint16" in result.out
    assert not (tmp_path / "out.npy").exists()


def test_apply_takes_a_fourth_medium(volumes, tmp_path, stack):
    """`apply` takes a file or tensor of the medium named, by default the first of its dimension."""
    wanted = smoothed(stack) / (2**16 - 1)
    of_file = package.apply(tmp_path / "in.npy", "box:size=3", medium="volume")
    np.testing.assert_allclose(of_file[0, 0].numpy(), wanted, atol=1e-4)
    tensor = torch.from_numpy(stack)[None, None]
    of_tensor = package.apply(tensor, "box:size=3", medium="volume")
    torch.testing.assert_close(of_tensor, of_file)
    assert medium_of_tensor(3).name == "video"


def test_a_fourth_medium_has_the_policies_of_all(run, tmp_path):
    """Empty, non-finite and unreadable inputs are refused with the messages of all media."""
    (tmp_path / "empty.npy").touch()
    np.save(tmp_path / "nan.npy", np.full((2, 3, 4), np.nan, np.float32))
    (tmp_path / "bad.npy").write_bytes(b"not an array")
    for name, words in (
        ("empty.npy", "the file is empty"),
        ("nan.npy", "24 samples are NaN or infinite"),
        ("bad.npy", "not a volume"),
    ):
        result = run(tmp_path / name, tmp_path / "out.npy", "-k", "blur")
        assert result.code == 1
        assert f"error: {tmp_path / name}: {words}" in result.err
    filled = run(tmp_path / "nan.npy", tmp_path / "out.npy", "-k", "identity", "--nan", "0")
    assert filled.code == 0, filled.err
    assert not np.load(tmp_path / "out.npy").any()


def test_options_of_other_media_are_refused(volumes):
    """Options that only other media have are refused."""
    for name in ("rate", "codec", "wet", "quality"):
        with pytest.raises(package.UsageError, match=name):
            volumes.options({name: 1})


def test_a_name_is_registered_once(volumes):
    """A second medium of the same name is refused."""
    with pytest.raises(ValueError, match="volume"):
        register(volumes)


@pytest.mark.parametrize(
    ("name", "written_only"),
    [
        ("image", set()),
        ("audio", set()),
        ("video", {".png"}),
    ],
)
def test_backends_know_their_suffixes(name, written_only):
    """A backend accepts its suffixes, and reads all that it writes except frames."""
    backend = MEDIA[name].backend
    assert set(backend.writable) - set(backend.readable) == written_only
    assert set(backend.folders) <= written_only
    for suffix in backend.writable:
        backend.check_suffix(suffix)
        backend.check_suffix(suffix.removeprefix(".").upper())
    with pytest.raises(package.UsageError, match="xyz"):
        backend.check_suffix(".xyz")


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("channels", [1, 3])
def test_grids_of_images_and_of_frames_are_the_same_pixels(count, channels, rng):
    """The faster layout of video gives the same grids as that of images."""
    samples = rng.integers(0, 256, (1, count * channels, 2, 5, 6), np.uint8)
    block = torch.from_numpy(samples).contiguous(memory_format=torch.channels_last_3d)
    places = [range(channels * tile, channels * (tile + 1)) for tile in range(count)]
    frames = TileGrid([Tile("", tuple(place)) for place in places], 255).frames(block)
    for index, frame in enumerate(frames):
        wanted = arrange([block[0, list(place), index] for place in places], 255)
        assert frame.shape[:2] == grid_size(count, 5, 6)
        assert np.array_equal(frame.transpose(2, 0, 1), wanted.numpy())
