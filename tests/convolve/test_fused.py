"""One pass on CUDA: which layers take it, what it is told, and that it gives the CPU's bytes."""

from contextlib import nullcontext

import pytest
import torch
from torch import nn

from convtool.convolve import Convolution, devices
from convtool.convolve.buffers import Buffers
from convtool.convolve.compiling import Compiler
from convtool.convolve.fused import fitting, runner
from convtool.convolve.fused.finish import finish_of
from convtool.convolve.fused.pieces import Piece, pieces_of, placed, words_for
from convtool.convolve.geometry import window
from convtool.convolve.pointwise import Pointwise, pointwise
from convtool.convolve.problem import Input, read
from convtool.convolve.stream import Stream
from convtool.levels import UINT8, UINT16, of, to_levels
from convtool.media.registry import MEDIA
from convtool.padding import Mode
from convtool.results.choice import Choice
from convtool.results.normalize import Normalizer
from convtool.results.quantize import Quantizer
from convtool.results.rules import RULES
from convtool.results.scaled import Scaled
from convtool.run.filter import Filter

IMAGE = MEDIA["image"]


def layer_of(kernels, **options):
    """Return the layer of `-k` for colours."""
    return Filter(IMAGE.options({"kernel": kernels, **options}), IMAGE, torch.device("cpu")).layer(
        3
    )


def epilogue_of(layer, rule, responses, unit=255):
    """Return the epilogue of images of 8 bits by a rule, whose range is that of `responses`."""
    normalizer = Normalizer(layer, Choice(rule), scale=255, clip=False)
    if normalizer.needs_range:
        normalizer.measure([responses], unit)
    return [layer.fold, Scaled(normalizer, unit), Quantizer(UINT8)]


# --- what is run so ---


def depthwise(size=3, **options):
    """Return a layer that filters each of three channels by the same kernel."""
    conv = nn.Conv2d(3, 3, size, groups=3, bias=False, **options).requires_grad_(False)
    conv.weight.copy_(torch.arange(size * size).reshape(size, size) % 5 - 2)
    return conv


@pytest.mark.parametrize(
    ("conv", "changed", "taken"),
    [
        (depthwise(), {}, True),
        (depthwise(5), {}, True),
        (depthwise(dilation=2), {}, True),
        (depthwise(), {"device": "cpu"}, False),
        (depthwise(), {"compiler": None}, False),
        (depthwise(), {"dtype": torch.float16}, False),
        (depthwise(), {"levels": UINT16}, False),
        (depthwise(), {"levels": of(torch.float32)}, False),
        (depthwise(stride=2), {}, False),
        (depthwise(25), {}, False),
        (nn.Conv2d(3, 4, 3), {}, False),
        (nn.Conv2d(3, 3, 3, groups=3), {}, False),
        (nn.Conv2d(1, 1, 3), {}, True),
        (nn.Conv2d(1, 8, 3), {}, True),
    ],
)
def test_one_pass_is_for_few_taps_on_bytes_of_images(monkeypatch, conv, changed, taken):
    """Small kernels that all channels share take one pass, on CUDA, on 8 bits, with stride 1."""
    monkeypatch.setattr(fitting, "available", lambda: True)
    values = {
        "size": (400, 600),
        "levels": UINT8,
        "device": "cuda",
        "compiler": Compiler(),
        **changed,
    }
    assert fitting.fits(read(conv, 255), Input(**values)) is taken


def test_without_triton_the_plan_is_another(monkeypatch):
    """Where Triton is missing, a plan for CUDA has no pass that needs it, and a note says so."""
    monkeypatch.setattr(fitting, "available", lambda: False)
    compiler = Compiler()
    asked = Input(size=(9, 9), levels=UINT8, device="cuda", compiler=compiler)
    assert not fitting.fits(read(depthwise(), 255), asked)
    assert compiler.notes == (
        "not compiled, as --compile needs Triton and a C compiler such as gcc",
    )


def test_one_pass_is_the_cheapest(monkeypatch):
    """On CUDA the plan takes one pass wherever it can, for outer products as well."""
    monkeypatch.setattr(fitting, "available", lambda: True)
    conv = layer_of(("sobel-x",)).conv
    run = Convolution(conv, (3000, 4000), UINT8, device=torch.device("cuda"), compiler=Compiler())
    assert (run.plan.algorithm, run.plan.chosen.note) == (
        "taps",
        "6 non-zero taps, in one pass",
    )
    assert run.length == 3000


# --- what the epilogue tells ---


def finished(responses, told):
    """Return what one pass makes of responses, in PyTorch's float32."""
    values = responses.float()
    values = values.abs() if told.magnitude else values
    if told.scales:
        width = torch.tensor(told.width)
        values = (values - torch.tensor(told.low)) * torch.tensor(told.scale) / width
    return to_levels(values, UINT8)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("unit", [255, 65535])
def test_an_epilogue_tells_what_it_does(rule, unit, rng):
    """What the steps of an epilogue tell gives the samples that they make, bit by bit."""
    layer = layer_of(("sobel-x",))
    responses = torch.from_numpy(rng.integers(-4 * unit, 4 * unit, (1, 3, 1, 40, 50))).float()
    epilogue = epilogue_of(layer, rule, responses.flatten(1, 2), unit)
    told = pointwise(epilogue)
    if rule == "sigmoid":
        assert told is None
        return
    stored = responses.clone()
    for step in epilogue:
        stored = step(stored)
    assert torch.equal(finished(responses, told).flatten(1, 2), stored)


@pytest.mark.parametrize(
    "steps",
    [
        lambda fold, *_: [fold],
        lambda fold, scale, store: [fold, lambda values: values, scale, store],
        lambda fold, scale, _: [fold, scale, Quantizer(of(torch.int16))],
        lambda _, *rest: [layer_of(("sobel",)).fold, *rest],
    ],
    ids=["responses", "unknown", "counted", "folded"],
)
def test_other_epilogues_are_called_step_by_step(steps):
    """Epilogues of unknown steps, that count what is clipped, or that fold, tell nothing."""
    layer = layer_of(("sobel-x",))
    epilogue = epilogue_of(layer, "clamp", torch.zeros(1, 3, 1, 1))
    assert pointwise(steps(*epilogue)) is None


def test_a_range_of_no_width_is_not_told():
    """An even image, whose only response becomes grey, is left to PyTorch's operations."""
    layer = layer_of(("sobel-x",))
    assert pointwise(epilogue_of(layer, "minmax", torch.ones(1, 3, 2, 2))) is None


def test_rules_that_differ_are_not_told():
    """Outputs with rules of their own are not the same function of a response."""
    layer = layer_of(("sobel-x", "sharpen"))
    responses = torch.rand(1, layer.channels, 9, 9)
    assert pointwise(epilogue_of(layer, "auto", responses)) is None


# --- where bytes are ---


def rows_of(height, width, channels, dtype=torch.uint8):
    """Return bytes, channels innermost, without the axis of the batch."""
    return torch.zeros(height, width, channels, dtype=dtype).movedim(-1, 0)


def test_interleaved_rows_are_read_where_they_are():
    """Rows of interleaved bytes are read in place: parts of an image, and repeated rows too."""
    image = rows_of(9, 8, 3)
    pieces = [image[:, :1].expand(-1, 2, -1), image[:, 3:]]
    first, second = pieces_of(pieces)
    assert first == Piece(image.data_ptr(), 2, 0)
    assert second == Piece(image.data_ptr() + 3 * 24, 6, 24)


@pytest.mark.parametrize(
    "pieces",
    [
        [torch.zeros(3, 9, 8, dtype=torch.uint8)],
        [rows_of(9, 16, 3)[:, :, ::2]],
        [rows_of(9, 8, 4)[:3]],
        [rows_of(2, 8, 3)] * 4,
    ],
    ids=["planes", "steps", "without the fourth", "four pieces"],
)
def test_other_memory_is_laid_out_first(pieces):
    """Planes, every second pixel, three of four channels and many pieces are copied first."""
    assert pieces_of(pieces) is None


@pytest.mark.parametrize(
    ("address", "pitch", "length", "words"),
    [(256, 48, 48, 4), (256, 24, 24, 2), (256, 12, 12, 1), (258, 48, 48, 0), (256, 0, 48, 4)],
)
def test_words_are_as_wide_as_their_alignment(address, pitch, length, words):
    """A thread reads 16, 8 or 4 bytes at once, as the addresses of all rows allow."""
    assert words_for([Piece(address, 9, pitch)], length) == words


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_longest_piece_is_told_as_if_it_began_at_row_0(count):
    """Rows of the longest piece are found by a multiplication, from where row 0 would be."""
    pieces = [Piece(1000, 2, 0), Piece(4096, 50, 64)]
    pieces = [pieces[1]] if count == 1 else [*pieces, Piece(9000, 3, 64)][:count]
    *_, main, pitch, first, last = placed(pieces)
    before = 0 if count == 1 else 2
    assert (main + before * pitch, pitch, first, last) == (4096, 64, before, before + 50)


@pytest.mark.parametrize("low", [-1020.0, -1019.5, -777.7, 3.0])
@pytest.mark.parametrize("width", [2040.0, 1.0, 0.3, 7.0, 1555.4])
@pytest.mark.parametrize("magnitude", [False, True])
def test_a_multiply_add_makes_the_bytes_of_the_formula(low, width, magnitude):
    """The shorter way is taken only where all whole sums become the same bytes."""
    told = Pointwise(
        magnitude=magnitude,
        low=float(torch.tensor(low)),
        scale=255.0,
        width=float(torch.tensor(width)),
        stored=True,
    )
    finish = finish_of(told, 1020, whole=True)
    if finish.how == 1:
        sums = torch.arange(-1020, 1021, dtype=torch.float64)
        sums = sums.abs() if magnitude else sums
        quick = (sums * finish.scale + finish.low).float()
        wanted = finished(sums, told)
        assert torch.equal(to_levels(quick, UINT8), wanted)
    assert finish.how in (1, 2)
    if width == 2040.0 and low == -1020.0:
        assert finish.how == 1


class Recorder:
    """Stands for a kernel: keeps what it is called with, by the names of its parameters."""

    def __init__(self, names):
        self.names, self.calls = names, []

    def __getitem__(self, grid):
        def call(*arguments, **_):
            assert len(arguments) == len(self.names)
            self.calls.append({"grid": grid, **dict(zip(self.names, arguments, strict=True))})
            return self

        return call


def test_the_kernel_is_called_with_what_a_block_is(monkeypatch):
    """The kernel is told the pieces, the padding and the words of a block, again and again."""
    kernel = pytest.importorskip("convtool.convolve.fused.kernel", reason="no Triton")
    recorder = Recorder(kernel.correlate.arg_names)
    monkeypatch.setattr(kernel, "correlate", recorder)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    monkeypatch.setattr(torch.cuda, "device", lambda _: nullcontext())
    problem = read(layer_of(("sobel-x",)).conv, 255)
    run = runner.FusedRunner(
        problem, Buffers(torch.device("cpu")), (Mode("reflect"),) * 2, integers=True
    )
    image = rows_of(20, 400, 3)
    block = [image[:, 5:6], image[:, :12], image[:, 3:4]]
    for _ in range(2):
        result = run.finished(block, ((0, 0), (1, 1)), (12, 400), Pointwise(stored=True))
        assert result.shape == (1, 3, 12, 400)
    first, second = ({**call, "out": None} for call in recorder.calls)
    assert first == second
    wanted = {
        "grid": (2, 3, 1),
        "WEIGHTS": (-1, 0, 1, -2, 0, 2, -1, 0, 1),
        "main": image.data_ptr() - 1200,
        "main_first": 1,
        "main_last": 13,
        "height": 14,
        "width": 400,
        "out_bytes": 1200,
        "LEFT": 3,
        "FIRST": -1,
        "LAST": 4,
        "WORDS": 4,
        "MODE": 1,
        "FINISH": 0,
        "STORED": True,
    }
    assert {name: first[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("mode", "rows"), [(Mode("symmetric"), 12), (Mode("constant", 9), 12), (Mode("reflect"), 1)]
)
def test_what_the_kernel_cannot_add_is_laid_out_first(monkeypatch, mode, rows):
    """Modes that it does not know, and more samples than there are, are staged with their block."""
    kernel = pytest.importorskip("convtool.convolve.fused.kernel", reason="no Triton")
    recorder = Recorder(kernel.correlate.arg_names)
    monkeypatch.setattr(kernel, "correlate", recorder)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    monkeypatch.setattr(torch.cuda, "device", lambda _: nullcontext())
    problem = read(layer_of(("sobel-x",)).conv, 255)
    run = runner.FusedRunner(problem, Buffers(torch.device("cpu")), (mode, mode), integers=True)
    run.finished([rows_of(rows, 400, 3)], ((1, 1), (1, 1)), (rows, 400), Pointwise(stored=True))
    (call,) = recorder.calls
    assert (call["height"], call["LEFT"], call["above"]) == (rows + 2, 0, 0)


# --- on a device ---


def stored_by(device, conv, layer, image, rule, lengths=None):
    """Return the stored result of an image on a device, in blocks."""
    samples = image.to(device)
    run = Convolution(
        conv,
        image.shape[2:],
        UINT8,
        device=torch.device(device),
        compiler=Compiler() if device == "cuda" else None,
    )
    responses = Convolution(conv, image.shape[2:], UINT8)([image], None)
    epilogue = epilogue_of(layer, rule, responses)
    stream = Stream(window(conv), lambda window, pads: run(window, pads, epilogue))
    with devices.exact():
        blocks = stream(torch.split(samples, lengths or [image.shape[2]], 2), last=samples)
        return run, torch.cat([block.cpu() for block in blocks], 2)


@pytest.mark.cuda
@pytest.mark.parametrize("size", [(37, 64), (21, 1400), (40, 61), (33, 36), (7, 5)])
@pytest.mark.parametrize("kernel", ["sharpen", "scharr-x", "box:size=3"])
def test_cuda_makes_the_bytes_of_the_cpu(kernel, size, rng):
    """Whatever the width and the blocks, one pass makes the CPU's bytes; of floats, ± 1."""
    image = torch.from_numpy(rng.integers(0, 256, (1, *size, 3), "uint8")).movedim(-1, 1)
    layer = layer_of((kernel,))
    lengths = [1, 2, size[0] - 3]
    rules = ("clamp", "bounds", "minmax", "abs", "sigmoid")
    for rule in rules[:2] if kernel.startswith("box") else rules:
        _, cpu = stored_by("cpu", layer.conv, layer, image, rule)
        for split in (None, lengths):
            run, ours = stored_by("cuda", layer.conv, layer, image, rule, split)
            assert "in one pass" in run.plan.chosen.note
            worst = int((ours.int() - cpu.int()).abs().max())
            assert worst <= (1 if kernel.startswith("box") or rule == "sigmoid" else 0), rule


@pytest.mark.cuda
@pytest.mark.parametrize("mode", ["zeros", "reflect", "circular", "replicate"])
@pytest.mark.parametrize(
    ("channels", "options"),
    [
        (1, {"kernel_size": 3, "padding": 1}),
        (3, {"kernel_size": 5, "padding": 2}),
        (4, {"kernel_size": (3, 5), "padding": (1, 4), "dilation": (1, 2)}),
        (3, {"kernel_size": (2, 4), "padding": (3, 0)}),
        (3, {"kernel_size": 3, "padding": (0, 4)}),
    ],
    ids=["grey", "5×5", "dilated", "even", "wider"],
)
def test_cuda_pads_as_the_layer(channels, options, mode, rng):
    """Padding of every mode, dilation, even kernels and one to four channels are the layer's."""
    size = options["kernel_size"]
    conv = nn.Conv2d(
        channels,
        channels,
        size,
        groups=channels,
        padding_mode=mode,
        bias=False,
        **{name: value for name, value in options.items() if name != "kernel_size"},
    )
    kernel = torch.from_numpy(rng.integers(-3, 4, conv.weight.shape[2:])).float()
    conv.weight.data.copy_(kernel)
    image = torch.from_numpy(rng.integers(0, 256, (1, 19, 48, channels), "uint8")).movedim(-1, 1)
    with devices.exact():
        exact = conv.double()(image.double()).detach()
        run = Convolution(
            conv.float(), (19, 48), UINT8, device=torch.device("cuda"), compiler=Compiler()
        )
        told = [Told()]
        ours = run([image.cuda()], None, told).cpu()
        raw = run([image.cuda()]).cpu()
    assert torch.equal(raw.double(), exact)
    assert torch.equal(ours, exact.clamp(0, 255).to(torch.uint8))


class Told:
    """An epilogue of one step that is never called, only told."""

    def __call__(self, _):
        """Fail."""
        raise AssertionError("the step is called")

    def tell(self, _):
        """Say that bytes are stored."""
        return Pointwise(stored=True)


@pytest.mark.cuda
@pytest.mark.parametrize("bank", [["kirsch"], ["sobel"], ["sobel-x", "sobel-y"]])
def test_cuda_runs_banks(bank, rng):
    """Several kernels per channel, folded or side by side, give the CPU's bytes."""
    image = torch.from_numpy(rng.integers(0, 256, (1, 50, 80, 3), "uint8")).movedim(-1, 1)
    layer = layer_of(tuple(bank))
    _, cpu = stored_by("cpu", layer.conv, layer, image, "clamp")
    _, ours = stored_by("cuda", layer.conv, layer, image, "clamp")
    assert torch.equal(ours, cpu)


@pytest.mark.cuda
def test_cuda_adds_the_bias():
    """A bias is added before the result is rounded, whole or not."""
    image = torch.randint(0, 256, (1, 3, 9, 16), dtype=torch.uint8)
    for bias in (0.25, 1.0, -1.0):
        conv = depthwise(padding=1)
        conv.bias = nn.Parameter(torch.full((3,), bias))
        run = Convolution(conv, (9, 16), UINT8, device=torch.device("cuda"), compiler=Compiler())
        cpu = Convolution(conv, (9, 16), UINT8)([image])
        ours = run([image.cuda()], None, [Told()]).cpu()
        assert torch.equal(ours, to_levels(cpu.float(), UINT8))
