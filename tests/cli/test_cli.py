"""The command line: names, folders, pipes, messages, exit codes, leftover files."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SAMPLES, eventually
from PIL import Image

import convtool as package
from convtool.cli.messages import printable

CHART = SAMPLES / "chart.jpg"


def files(folder):
    """Return the names of all files below a folder, including hidden ones, except the manifest."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".convtool.jsonl"
    )


@pytest.fixture
def image(tmp_path):
    """Write a small colour image."""
    path = tmp_path / "in.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (12, 16, 3), dtype=np.uint8)).save(
        path
    )
    return path


def test_a_folder_gets_one_file_per_channel(convtool, tmp_path):
    """The first command of the README writes one file per channel."""
    result = convtool("image", CHART, f"{tmp_path}/out/", "-k", "sobel-x")
    assert result.code == 0
    assert files(tmp_path / "out") == [
        "chart_sobel-x_b.jpg",
        "chart_sobel-x_g.jpg",
        "chart_sobel-x_r.jpg",
    ]
    assert result.err.count("wrote ") == 3
    assert result.out == ""


def test_no_kernel_means_four_feature_maps_and_a_printed_seed(convtool, tmp_path, image):
    """Without -k, four feature maps are written, and the printed seed repeats them."""
    first = convtool("image", image, f"{tmp_path}/first/")
    seed = first.err.split("seed: ")[1].split()[0]
    assert files(tmp_path / "first") == [f"in_random_{n}.png" for n in (1, 2, 3, 4)]
    convtool("image", image, f"{tmp_path}/second/", "--seed", seed)
    convtool("image", image, f"{tmp_path}/third/", "--seed", int(seed) + 1)
    for name in files(tmp_path / "first"):
        same, other = ((tmp_path / folder / name).read_bytes() for folder in ("second", "third"))
        assert (tmp_path / "first" / name).read_bytes() == same != other


def test_merge_and_split_override_what_output_suggests(convtool, tmp_path, image):
    """--merge writes one file into a folder, --split one per channel beside a name."""
    convtool("image", image, f"{tmp_path}/merged/", "-k", "blur", "--merge")
    assert files(tmp_path / "merged") == ["in_blur.png"]
    (tmp_path / "split").mkdir()
    convtool("image", image, tmp_path / "split" / "a.bmp", "-k", "blur", "--split")
    assert files(tmp_path / "split") == ["a_blur_b.bmp", "a_blur_g.bmp", "a_blur_r.bmp"]


def test_banks_combine_or_stand_side_by_side(convtool, tmp_path, image):
    """A bank is folded or written per kernel, and file names contain the kernels."""
    convtool(
        "image",
        image,
        f"{tmp_path}/a/",
        "-k",
        "sobel-x",
        "-k",
        "sobel-y",
        "--combine",
        "magnitude",
    )
    assert files(tmp_path / "a") == [f"in_sobel-x+sobel-y_{c}.png" for c in "bgr"]
    convtool("image", image, f"{tmp_path}/b/", "-k", "sobel", "-k", "gaussian:sigma=2")
    assert files(tmp_path / "b") == [
        f"in_{k}_{c}.png" for k in ("gaussian-sigma=2", "sobel") for c in "bgr"
    ]
    for c in "rgb":
        by_flag, by_preset = (
            tmp_path / name for name in (f"a/in_sobel-x+sobel-y_{c}.png", f"b/in_sobel_{c}.png")
        )
        assert by_flag.read_bytes() == by_preset.read_bytes()


def test_folders_are_walked_and_mirrored(convtool, tmp_path, image):
    """Folders are searched for known suffixes and mirrored; other files are ignored."""
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    shutil.copy(image, tree / "a.png")
    shutil.copy(image, tree / "sub" / "b.PNG")
    (tree / "notes.txt").write_text("not an image")
    assert convtool("image", tree, tmp_path / "out", "-k", "blur", "--merge").code == 0
    assert files(tmp_path / "out") == ["a_blur.png", "sub/b_blur.PNG"]


def test_inputs_that_would_share_names_are_refused_before_any_work(convtool, tmp_path, image):
    """If two inputs would share an output name, nothing is written."""
    (tmp_path / "other").mkdir()
    shutil.copy(image, tmp_path / "other" / "in.png")
    result = convtool(
        "image", image, tmp_path / "other" / "in.png", f"{tmp_path}/out/", "-k", "blur"
    )
    assert result.code == 2
    assert "same output names" in result.err
    assert not (tmp_path / "out").exists()


def test_neither_an_empty_folder_nor_an_unknown_kind_stops_the_others(convtool, tmp_path, image):
    """An empty folder or an unknown format is one error, and other inputs are filtered."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.xyz").write_text("?")
    result = convtool(
        "image", tmp_path / "empty", tmp_path / "x.xyz", image, f"{tmp_path}/out/", "-k", "blur"
    )
    assert result.code == 1
    assert result.err.count("error: ") == 2
    assert len(files(tmp_path / "out")) == 3


def test_a_dry_run_refuses_what_the_run_would(convtool, tmp_path, image):
    """A dry run also refuses an output that already exists."""
    (tmp_path / "out.png").write_bytes(b"kept")
    result = convtool("image", image, tmp_path / "out.png", "-k", "blur", "--dry-run")
    assert result.code == 1
    assert "already exists" in result.err


def test_a_failing_input_does_not_stop_the_others(convtool, tmp_path, image):
    """A failing input is one error and exit code 1, and other inputs are filtered."""
    result = convtool("image", tmp_path / "missing.png", image, f"{tmp_path}/out/", "-k", "blur")
    assert result.code == 1
    assert result.err.count("error: ") == 1
    assert re.search(r"done  failed .*\n +1 +1 ", result.err)
    assert len(files(tmp_path / "out")) == 3


def test_unusual_names(tmp_path, image, program):
    """A file with any name can be filtered, and its name is printed escaped."""
    odd = ["with space.png", "new\nline.png", "%03d.png", "-k.png", "ünï.png", b"\xff\xfe.png"]
    names = list(map(os.fsdecode, odd))
    for name in names:
        shutil.copy(image, tmp_path / name)
    result = program("image", "--merge", "-k", "blur", "--", *names, "out/", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    made = {name for name in files(tmp_path / "out") if name.endswith(".png")}
    assert made == {name.replace(".png", "_blur.png") for name in names}
    assert result.stderr.decode().count("wrote ") == len(names)
    assert b"new\\nline" in result.stderr


def test_names_are_printed_escaped():
    """Control characters and invalid bytes are escaped, so that they cannot move the cursor."""
    assert printable("a\x1b[2Jb\n\udcff") == "a\\x1b[2Jb\\n\\udcff"


def test_pipes(tmp_path, image, convtool, program):
    """`-` reads standard input or writes standard output, with the same bytes as files."""
    convtool("image", image, tmp_path / "named.png", "-k", "blur")
    with image.open("rb") as file:
        result = program("image", "-", "-", "--format", "png", "-k", "blur", stdin=file)
    assert result.returncode == 0, result.stderr
    assert result.stdout == (tmp_path / "named.png").read_bytes()


def test_a_closed_pipe_ends_quietly():
    """If the reader has closed the pipe, the run fails without a message."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [
        sys.executable,
        "-m",
        "convtool",
        "image",
        CHART,
        "-",
        "--format",
        "bmp",
        "-k",
        "blur",
    ]
    result = subprocess.run(
        command, stdout=writer, stderr=subprocess.PIPE, timeout=120, check=False
    )
    os.close(writer)
    assert result.stderr == b""
    assert result.returncode == 1


def test_json_is_one_line_per_input(convtool, tmp_path, image):
    """--json prints one line per input to stdout and errors as text to stderr."""
    result = convtool(
        "image", image, tmp_path / "no.png", f"{tmp_path}/out/", "--seed", "3", "--json"
    )
    done, failed = map(json.loads, result.out.splitlines())
    assert done["status"] == "done"
    assert done["seed"] == 3
    assert [Path(name).name for name in done["outputs"]] == files(tmp_path / "out")
    assert failed["status"] == "failed"
    assert "no such file" in failed["error"]
    assert result.code == 1


def test_a_dry_run_prints_the_plan_and_writes_nothing(convtool, tmp_path, image):
    """A dry run prints shapes, receptive field, multiply-adds and files, and writes none."""
    options = ("--stride", "2", "--dilation", "2", "--dry-run")
    result = convtool("image", image, f"{tmp_path}/out/", "-k", "sobel-x", *options)
    assert result.code == 0
    assert "output: 1×3×6×8" in result.out
    assert "receptive field: 5×5" in result.out
    assert f"multiply-adds: {6 * 8 * 3 * 9}" in result.out
    assert "would write" in result.out
    assert files(tmp_path) == ["in.png"]
    assert not (tmp_path / "out").exists()
    plan = json.loads(
        convtool("image", image, f"{tmp_path}/out/", "-k", "blur", "--dry-run", "--json").out
    )
    assert plan["plan"]["weights"] == 27


def test_show_weights_prints_the_layer(convtool, tmp_path, image):
    """--show-weights prints the weights of any layer."""
    result = convtool("image", image, tmp_path / "out.png", "-k", "sobel-x", "--show-weights")
    assert "Conv2d(3, 3, kernel_size=(3, 3)" in result.err
    assert "[-2.  0.  2.]" in result.err
    result = convtool(
        "image", image, tmp_path / "more.png", "--kernel-size", "11", "--show-weights"
    )
    assert "..." not in result.err


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("missing.png", "o.png"), 1, "no such file"),
        (("empty.png", "o.png"), 1, "empty"),
        (("text.jpg", "o.png"), 1, "not an image"),
        (("cut.jpg", "o.png"), 1, "truncated"),
        (("cut.png", "o.png"), 1, "truncated"),
        (("folder", "o.png"), 1, "no images here"),
        (("in.png", "o.png", "--max-pixels", "100"), 1, "16×12 pixels exceed the limit"),
        (("in.png", "o.png", "-k", "box:size=99", "--padding", "valid"), 1, "spans 99×99"),
        (
            ("in.png", "o.png", "--padding-mode", "constant:2"),
            1,
            "padding mode 'constant:2' adds a number outside 0…1, the range of uint8 samples",
        ),
        (("in.png", "o.png", "--stride", "0"), 2, "stride"),
        (("in.png", "o.png", "--stride", "x"), 2, "--stride takes whole numbers from 1, not 'x'"),
        (("in.png", "o.png", "--dilation", str(2**62)), 2, "dilation"),
        (("in.png", "o.png", "--dilation", str(2**19)), 1, "of memory, the limit is 8192 MiB"),
        (("in.png", "o.png", "--padding", str(2**20)), 1, "of memory, the limit is 8192 MiB"),
        (("in.png", "o.png", "--stride", "1,2,3"), 2, "3 numbers"),
        (("in.png", "o.png", "--groups", "2"), 1, "cannot be split into 2 groups"),
        (("in.png", "o.png", "-k", "sobl"), 2, "unknown kernel"),
        (("in.png", "o.png", "-k", "broken.yaml"), 2, "broken.yaml: line 3"),
        (("in.png", "o.png", "-k", "none.yaml"), 2, "none.yaml: no such file"),
        (("in.png", "exists.png", "-k", "blur"), 1, "already exists"),
        (("in.png", "in.png", "-k", "blur", "--overwrite"), 1, "an input itself"),
        (("in.png", "link.png", "-k", "blur", "--overwrite"), 1, "input itself"),
        (("in.png", "exists.png/out.png", "-k", "blur"), 1, "cannot be written"),
        (("in.png", "/proc/none/out.png", "-k", "blur"), 1, "cannot be written"),
        (("in.png", "o.xyz"), 2, "no image format"),
        (("in.png", "o"), 2, "no suffix"),
        (("in.png", "o.png", "--format", "doc"), 2, "no image format"),
        (("in.png", "o.png", "--normalize", "none"), 1, "raw floats"),
        (("in.png", "o.png", "--device", "cuda:7"), 2, "no device"),
        (("in.png", "o.png", "--quality", "0"), 2, "quality"),
        (("in.png", "o.png", "--no-such"), 2, "no-such"),
        (("in.png",), 2, "only one name was given ('in.png')"),
        (("in.png", "-", "--format", "png", "--json"), 2, "either the result or --json"),
        (("in.png", "o.png", "--split", "--merge"), 2, "--split"),
        (("animated.gif", "o.jpg", "-k", "blur"), 1, "holds one"),
    ],
)
def test_bad_input_is_one_error_line(
    convtool, tmp_path, image, monkeypatch, options, code, message
):
    """Bad input gives one error line and its exit code, and leaves no file changed."""
    noise = np.random.default_rng(2).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for name in ("full.jpg", "full.png"):
        Image.fromarray(noise).save(tmp_path / name)
        data = (tmp_path / name).read_bytes()
        (tmp_path / name.replace("full", "cut")).write_bytes(data[: len(data) // 2])
    Image.new("RGB", (8, 8)).save(
        tmp_path / "animated.gif",
        save_all=True,
        append_images=[Image.new("RGB", (8, 8), (255, 0, 0))],
    )
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("this is not an image, but long enough to be looked at")
    (tmp_path / "folder").mkdir()
    (tmp_path / "broken.yaml").write_text("name: broken\nweights: [1, 2\n")
    (tmp_path / "exists.png").write_bytes(b"kept")
    (tmp_path / "link.png").symlink_to(image)
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    monkeypatch.chdir(tmp_path)
    result = convtool("image", *options)
    assert result.code == code
    lines = [line for line in result.err.splitlines() if not line.startswith(("hint: ", "seed: "))]
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert message in lines[0]
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before


def test_allow_truncated_reads_the_rest(convtool, tmp_path):
    """--allow-truncated reads the upper half of a truncated JPEG."""
    data = CHART.read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2])
    result = convtool(
        "image", tmp_path / "cut.jpg", tmp_path / "out.png", "-k", "identity", "--allow-truncated"
    )
    assert result.code == 0
    out, whole = (np.array(Image.open(path)) for path in (tmp_path / "out.png", CHART))
    assert np.array_equal(out[:64], whole[:64])


def test_overwrite_replaces_and_keeps_the_mode(convtool, tmp_path, image):
    """--overwrite replaces a file and keeps its mode, as an editor does."""
    out = tmp_path / "out.png"
    out.write_bytes(b"old")
    out.chmod(0o640)
    assert convtool("image", image, out, "-k", "blur", "--overwrite").code == 0
    assert Image.open(out).size == (16, 12)
    assert out.stat().st_mode & 0o777 == 0o640


def test_a_new_file_gets_the_mode_that_the_umask_allows(convtool, tmp_path, image):
    """A new file has the mode that the umask allows, not 0600 of the temporary file."""
    saved = os.umask(0o022)
    try:
        convtool("image", image, tmp_path / "out.png", "-k", "blur")
    finally:
        os.umask(saved)
    assert (tmp_path / "out.png").stat().st_mode & 0o777 == 0o644


def test_a_file_system_that_is_full_leaves_nothing(tmp_path, image, program):
    """On a full file system, the temporary file is removed and the old file is kept."""
    out = tmp_path / "out.bmp"
    out.write_bytes(b"old")
    limited = "ulimit -f 8; trap '' XFSZ; exec \"$@\""
    command = [sys.executable, "-m", "convtool", "image", CHART, out, "-k", "blur", "--overwrite"]
    result = subprocess.run(
        ["bash", "-c", limited, "sh", *command], capture_output=True, timeout=120, check=False
    )
    assert result.returncode == 1
    assert b"error: " in result.stderr
    assert b"Traceback" not in result.stderr
    assert out.read_bytes() == b"old"
    assert files(tmp_path) == ["in.png", "out.bmp"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_nothing(tmp_path, number, code):
    """An interrupted run exits with 130 or 143, without traceback, temporary file or output."""
    Image.effect_noise((3000, 3000), 60).convert("RGB").save(tmp_path / "in.png", compress_level=0)
    arguments = ["image", "in.png", "out.png", "-k", "box:size=31", "-q"]
    with subprocess.Popen(
        [sys.executable, "-m", "convtool", *arguments], cwd=tmp_path, stderr=subprocess.PIPE
    ) as process:
        eventually(lambda: list(tmp_path.glob(".convtool-*")))
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert b"Traceback" not in err
    assert files(tmp_path) == ["in.png"]


def test_symbolic_links_to_outputs_stay_links(convtool, tmp_path, image):
    """Writing to a symbolic link replaces its target, not the link."""
    real = tmp_path / "real.png"
    real.write_bytes(b"old")
    (tmp_path / "link.png").symlink_to(real)
    assert convtool("image", image, tmp_path / "link.png", "-k", "blur", "--overwrite").code == 0
    assert (tmp_path / "link.png").is_symlink()
    assert Image.open(real).size == (16, 12)


EVERY = {"stride": (3, 2), "padding": 2, "dilation": 2, "kernel_size": (2, 3)}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2},
        {"stride": (1, 2)},
        {"padding": 0},
        {"padding": (3, 1)},
        {"dilation": 2},
        {"dilation": (1, 3)},
        {"padding_mode": "zeros"},
        {"padding_mode": "reflect"},
        {"padding_mode": "circular"},
        {"kernel_size": (5, 2)},
        {"groups": 3, "out_channels": 6},
        {"bias": False},
        {"out_channels": 5},
        {"padding": "valid", "kernel_size": 4},
        {**EVERY, "padding_mode": "circular"},
    ],
)
def test_every_option_of_nn_conv2d_by_its_flag(convtool, tmp_path, image, options):
    """Each flag gives the result of nn.Conv2d built by hand, channel by channel."""
    flags = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        flags += ["--no-bias"] if value is False else [flag, text]
    out = tmp_path / "out.npy"
    result = convtool("image", image, out, "--seed", "11", "--normalize", "none", *flags)
    assert result.code == 0, result.err
    arguments = {
        "kernel_size": 3,
        "out_channels": 4,
        "padding": "same",
        "padding_mode": "replicate",
        **options,
    }
    if "stride" in options and "padding" not in options:
        arguments["padding"] = 1
    torch.manual_seed(11)
    layer = torch.nn.Conv2d(3, **arguments)
    pixels = torch.from_numpy(np.array(Image.open(image))).permute(2, 0, 1)[None] / 255
    np.testing.assert_allclose(np.load(out), layer(pixels).detach().numpy(), rtol=0, atol=1e-5)


def test_version_and_help(convtool):
    """--version prints the version, and --help the flags and the word cross-correlation."""
    assert convtool("--version").out == f"convtool {package.__version__}\n"
    help_text = convtool("image", "--help").out
    for flag in (
        "--kernel",
        "--padding-mode",
        "--dilation",
        "--normalize",
        "--overwrite",
        "--dry-run",
    ):
        assert flag in help_text
    assert "cross-correlation" in " ".join(help_text.replace("│", " ").split())


def test_kernels_commands(convtool, tmp_path):
    """`kernels list`, `show`, `check` and `schema` print, check and exit as documented."""
    assert "sobel-x" in convtool("kernels", "list").out
    shown_text = convtool("kernels", "show", "sobel-x").out
    for text in ("-2  0  2", "sum        0", "-4 … 4", "separable  yes"):
        assert text in shown_text
    assert "bank of 8" in convtool("kernels", "show", "kirsch").out
    assert "unknown kernel" in convtool("kernels", "show", "nope").err
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("name: good\nweights:\n  2: [[1]]\n")
    bad.write_text("name: bad\nweights:\n  2: [[x]]\n")
    assert convtool("kernels", "check", good).code == 0
    result = convtool("kernels", "check", good, bad)
    assert result.code == 1
    assert "bad.yaml: line 3" in result.err
    assert json.loads(convtool("kernels", "schema").out)["title"] == "KernelFile"


def test_devices_lists_the_cpu(convtool):
    """`devices` lists the CPU on every machine."""
    assert convtool("devices").out.startswith("cpu")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["kernels", "list"], ["image", "--help"]]
)
def test_light_commands_import_nothing_heavy(arguments):
    """Light commands import neither torch nor NumPy nor a codec."""
    code = (
        "import sys; from convtool.cli.app import run; run(sys.argv[1:]); "
        "heavy = {'torch', 'cv2', 'av', 'librosa', 'torchvision', 'numpy', 'PIL'}; "
        "print(heavy & set(sys.modules), file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, check=True, text=True
    )
    assert result.stderr.splitlines()[-1] == "set()"


def test_a_plain_run_imports_no_more_than_it_uses(image, tmp_path):
    """A plain image run imports none of torchvision, tifffile, cv2 and scipy."""
    code = (
        "import sys; from convtool.cli.app import run; run(sys.argv[1:]); "
        "heavy = {'cv2', 'torchvision', 'tifffile', 'scipy', 'torch._dynamo', 'sympy'}; "
        "print(heavy & set(sys.modules), file=sys.stderr)"
    )
    arguments = ["image", image, tmp_path / "out.png", "-k", "blur"]
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, check=True, text=True
    )
    assert result.stderr.splitlines()[-1] == "set()"
