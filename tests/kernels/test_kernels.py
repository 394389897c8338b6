"""Kernels: presets against their definitions, grids, files, parameters, messages."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
import yaml

from convtool.errors import KernelError, LayerError, ReadError
from convtool.kernels import bounds, catalogue, schema
from convtool.kernels.file import FileLoader
from convtool.kernels.grid import GridLoader
from convtool.kernels.impulse import ImpulseLoader
from convtool.kernels.preset import PresetLoader
from convtool.kernels.resolve import dimensions, files, resolve
from convtool.kernels.schema import json_schema
from convtool.kernels.spec import parse

NAMES = sorted(catalogue.catalogue())
LISTED = [
    "identity", "box", "blur", "gaussian", "motion", "disk", "sharpen", "unsharp", "emboss",
    "outline", "laplacian-4", "laplacian-8", "log", "dog", "sobel-x", "sobel-y", "left-sobel",
    "right-sobel", "top-sobel", "bottom-sobel", "sobel", "scharr-x", "scharr-y", "prewitt-x",
    "prewitt-y", "roberts-x", "roberts-y", "kirsch", "difference-x", "difference-y",
    "cross-difference", "gabor", "moving-average", "derivative", "pre-emphasis", "lowpass",
    "highpass", "bandpass", "bandstop", "echo", "temporal-difference", "temporal-blur",
    "sobel-t", "gaussian-3d", "laplacian-3d",
]  # fmt: skip  # a list to be compared with the design


def weights(spec, dims=2, **options):
    """Return the weights of a single kernel."""
    return resolve(spec, dims, **options).kernels[0].weights


def test_every_documented_preset_exists():
    """Every preset that the design lists exists."""
    assert set(LISTED) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_is_complete_and_resolves_in_all_its_dimensions(name):
    """A preset has a summary, a source, a valid schema and finite weights."""
    content = yaml.safe_load(catalogue.locate(name).read_text())
    jsonschema.validate(json.loads(json.dumps(content)), json_schema())
    assert content["summary"]
    assert content["source"]
    for dims in dimensions(name):
        for kernel in resolve(name, dims, rate=8000).kernels:
            assert kernel.weights.ndim in (dims, dims + 2)
            assert np.isfinite(kernel.weights).all()


@pytest.mark.parametrize(
    "name", ["blur", "box", "gaussian", "motion", "disk", "sharpen", "unsharp", "identity"]
)
def test_brightness_is_kept(name):
    """The weights of blurs and sharpeners sum to one."""
    assert weights(name).sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name.startswith(("sobel", "kirsch", "lap", "log", "dog"))]
)
def test_flat_areas_give_zero(name):
    """The weights of derivatives are signed and sum to zero."""
    for kernel in resolve(name, dimensions(name)[-1]).kernels:
        assert kernel.total == pytest.approx(0, abs=1e-12)
        assert kernel.normalize == "centred"


def impulse(filter_, size=41, **options):
    """Return the impulse response of a scipy filter: for symmetric filters, the kernel."""
    image = np.zeros((size, size))
    image[size // 2, size // 2] = 1
    return filter_(image, **options)


def centred(kernel, size=41):
    """Return the kernel centred in zeros."""
    return np.pad(kernel, (size - len(kernel)) // 2)


@pytest.mark.parametrize("sigma", [0.5, 1, 2.3, 4])
def test_gaussian_equals_scipys(sigma):
    """The weights equal scipy's, truncated at four sigma."""
    np.testing.assert_allclose(
        centred(weights(f"gaussian:sigma={sigma}")),
        impulse(scipy.ndimage.gaussian_filter, sigma=sigma),
        atol=1e-12,
    )


def test_log_equals_scipys_apart_from_its_shift():
    """The weights are scipy's, shifted by less than 0.5 % of their peak to sum to zero."""
    ours, theirs = centred(weights("log:sigma=2")), impulse(scipy.ndimage.gaussian_laplace, sigma=2)
    assert np.abs(ours - theirs).max() < 5e-3 * np.abs(theirs).max()


@pytest.mark.parametrize(
    ("name", "axis", "function"),
    [
        ("sobel-x", 1, scipy.ndimage.sobel),
        ("sobel-y", 0, scipy.ndimage.sobel),
        ("prewitt-x", 1, scipy.ndimage.prewitt),
        ("prewitt-y", 0, scipy.ndimage.prewitt),
    ],
)
def test_gradients_equal_scipys(name, axis, function, rng):
    """The responses to noise equal scipy's in sign and scale."""
    image = rng.random((20, 20))
    np.testing.assert_allclose(
        scipy.ndimage.correlate(image, weights(name), mode="nearest"),
        function(image, axis, mode="nearest"),
    )


def test_laplacian_4_equals_scipys(rng):
    """laplacian-4 sums the second differences along both axes, as scipy does."""
    image = rng.random((20, 20))
    ours = scipy.ndimage.correlate(image, weights("laplacian-4"), mode="nearest")
    np.testing.assert_allclose(ours, scipy.ndimage.laplace(image, mode="nearest"))


def test_kirsch_turns_one_pattern_through_eight_directions():
    """Each Kirsch kernel has three adjacent fives on the ring, and threes elsewhere."""
    kernels = resolve("kirsch", 2).kernels
    assert len({kernel.weights.tobytes() for kernel in kernels}) == 8
    for kernel in kernels:
        assert sorted(kernel.weights.ravel()) == [-3] * 5 + [0] + [5] * 3
    assert kernels[0].weights[0].tolist() == [5, 5, 5]


@pytest.mark.parametrize(("angle", "row"), [(0, [[1 / 3] * 3]), (90, [[1 / 3]] * 3)])
def test_motion_is_a_line_in_its_direction(angle, row):
    """Motion of length 3 is thirds along x at 0° and along y at 90°."""
    kernel = weights(f"motion:length=3,angle={angle}")
    line = kernel[1:2] if angle == 0 else kernel[:, 1:2]
    np.testing.assert_allclose(line, row, atol=1e-12)


def test_motion_angles_turn_counter_clockwise():
    """At 45° the line of a motion blur rises to the upper right."""
    kernel = weights("motion:length=7,angle=45")
    assert kernel[0, -1] + kernel[1, -2] > 0.1
    assert kernel[0, 0] == 0


@pytest.mark.parametrize("angle", [0, 30, 90])
def test_gabor_responds_most_to_its_own_direction(angle):
    """A grating along its own direction gives far more than one across it."""
    kernel = weights(f"gabor:wavelength=6,angle={angle},sigma=4")
    y, x = np.mgrid[:61, :61]
    along, across = (
        np.cos(2 * np.pi * (x * np.cos(np.radians(a)) - y * np.sin(np.radians(a))) / 6)
        for a in (angle, angle + 90)
    )
    response = [
        np.abs(scipy.signal.correlate2d(grating, kernel, "valid")).max()
        for grating in (along, across)
    ]
    assert response[0] > 50 * response[1]


def test_lowpass_and_highpass_cut_at_their_cutoff():
    """The response is −6 dB at the cutoff and far lower beyond it."""
    for name, stops in (("lowpass", 1500), ("highpass", 500)):
        taps = weights(f"{name}:cutoff=1kHz,taps=255", 1, rate=44100)
        _, response = scipy.signal.freqz(taps, worN=[1000, stops], fs=44100)
        assert 20 * np.log10(abs(response[0])) == pytest.approx(-6, abs=0.1)
        assert 20 * np.log10(abs(response[1])) < -50


def test_echo_comes_later_and_softer():
    """In the impulse response of the layer, the echo is later and softer than the direct signal."""
    response = weights("echo:delay=250ms,gain=0.4", 1, rate=100)[::-1]
    assert np.flatnonzero(response).tolist() == [0, 25]
    assert response[[0, 25]].tolist() == [1, 0.4]


def test_separable_and_output_range():
    """Sobel has rank one and an output range of ±4; outline is not separable."""
    sobel, outline = resolve("sobel-x", 2).kernels[0], resolve("outline", 2).kernels[0]
    assert sobel.separable
    assert sobel.output_range() == (-4, 4)
    assert not outline.separable
    assert outline.output_range() == (-8, 8)
    assert outline.output_range(signed=True) == (-16, 16)


@pytest.mark.parametrize(
    ("text", "dims", "expected"),
    [
        ("1 -1", 1, [1, -1]),
        ("1 -1", 2, [[1, -1]]),
        ("1; -1", 2, [[1], [-1]]),
        ("0 -1 0; -1 5 -1; 0 -1 0", 2, [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
        ("1 2; 3 4", 3, [[[1, 2], [3, 4]]]),
        ("1 2; 3 4 | 5 6; 7 8", 3, [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]),
        ("1/9 1/9 1/9", 1, [1 / 9, 1 / 9, 1 / 9]),
        ("-1e-3 .5", 1, [-0.001, 0.5]),
        ("1 2\n3 4\n", 2, [[1, 2], [3, 4]]),
        ("[[0, -1], [1/2, 1e-3]]", 2, [[0, -1], [0.5, 0.001]]),
        ("[[ 0. -1.]\n [ 1.  2.]]", 2, [[0, -1], [1, 2]]),
        ("((1, 2), (3, 4),)", 2, [[1, 2], [3, 4]]),
        ("np.array([[1, 2], [3, 4]], dtype=np.float32)", 2, [[1, 2], [3, 4]]),
        ("tensor([[1., 2.], [3., 4.]])", 2, [[1, 2], [3, 4]]),
        ("[1, -1]", 1, [1, -1]),
        ("[1, -1]", 2, [[1, -1]]),
        ("[[1, 2]]", 1, [1, 2]),
        ("[[1, 2], [3, 4]]", 3, [[[1, 2], [3, 4]]]),
        ("[[[[1]], [[2]]]]", 2, [[[[1]], [[2]]]]),
        ("[[[1, 2]], [[3, 4]]]", 1, [[[1, 2]], [[3, 4]]]),
    ],
)
def test_inline_grids(text, dims, expected):
    """Grids have separators, or brackets as in Python, and are lifted to more axes if needed."""
    assert weights(text, dims).tolist() == expected


@pytest.mark.parametrize(
    "text",
    [
        *("1 2; 3", "1/0", "1 - 2", "", ";", "1e400", "1 2; 3 4|5 6", "1 2\n3"),
        *("[]", "[[]]", "[[1], [2, 3]]", "[1, [2]]", "[1, x]", "[1", "1]", "[1] [2]", "[" * 99),
        *("[[[1, 2], [3, 4]], [[1, 2], [3, 4]]]", "[inf]", "[nan]", "array([1, 2"),
    ],
)
def test_wrong_grids(text):
    """Ragged, empty and infinite grids are refused with a message."""
    with pytest.raises(KernelError):
        resolve(text, 2)


@pytest.mark.parametrize("name", ["Sobel-X", "sobel_x", "SOBEL_X", " sobel-x"])
def test_names_in_any_case_with_dashes_or_underscores(name):
    """A name is found in any case, with `_` for `-`."""
    assert weights(name).tolist() == weights("sobel-x").tolist()


def test_a_file_that_is_no_kernel(tmp_path):
    """The path of another file is no unknown name."""
    path = tmp_path / "photo.png"
    path.touch()
    with pytest.raises(KernelError, match=r"photo\.png is no kernel file"):
        resolve(str(path), 2)


@pytest.mark.parametrize(
    ("spec", "same"),
    [
        ("gaussian:sigma=3/2", "gaussian:sigma=1.5"),
        ("unsharp:amount=50%", "unsharp:amount=0.5"),
        ("gaussian:sigma=15e-1", "gaussian:sigma=1.5"),
    ],
)
def test_values_of_parameters_as_people_write_them(spec, same):
    """Fractions, shares in per cent and exponents are numbers."""
    assert weights(spec).tolist() == weights(same).tolist()


def test_an_unknown_name_suggests_similar_ones():
    """A misspelled name is refused with suggestions."""
    with pytest.raises(KernelError) as caught:
        resolve("sobl-x", 2)
    assert "sobel-x" in caught.value.hint


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("gaussian:sigma=x", "sigma takes a number of samples, not 'x'"),
        ("gaussian:sigma=nan", "sigma takes a number of samples, not 'nan'"),
        ("box:size=1e400", "size takes a number of samples, not '1e400'"),
        ("gaussian:sigma=3Hz", "sigma is in samples, without a unit: sigma=3"),
        ("gaussian:sigma=3px", "sigma is in samples, without a unit: sigma=3"),
        ("unsharp:amount=3s", "amount is a number without a unit: amount=3"),
        ("disk:radius=3s", "radius is in px, not in 's': radius=3px"),
        ("gaussian:sigma=0", "sigma=0 is outside 0.05…500"),
        ("gaussian:sigma=-1", "outside"),
        ("box:size=99999", "outside"),
        ("box:size=2.5", "size takes a whole number, not 2.5"),
        ("gaussian:size=3", "kernel 'gaussian' has no parameter 'size'"),
        ("sobel-x:a=1", "kernel 'sobel-x' has no parameter 'a'"),
        ("gaussian:sigma=1,sigma=2", "parameter 'sigma' is given twice"),
        ("log:sigma=1,", "parameters are written NAME=VALUE, not ''"),
        ("gaussian:3", "parameters are written NAME=VALUE, not '3'"),
        ("lowpass", "has weights for 1-D .audio., not for 2-D .images."),
        ("temporal-blur", "has weights for 3-D .video., not for 2-D .images."),
    ],
)
def test_wrong_parameters_are_named(spec, message):
    """The message states the wrong parameter and the expected one."""
    with pytest.raises(KernelError, match=message):
        resolve(spec, 2)


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("gaussian:sigma=3,5", "decimals take a point: sigma=3.5"),
        ("gaussian:3", "gaussian:sigma=3"),
        ("gaussian:size=3", "its parameters: sigma, truncate"),
        ("sobel-x:a=1", "it has no parameters"),
        ("0 -1 0, -1 5 -1", "spaces separate numbers, ';' rows"),
        ("[[0, 1], [1, 0]", "for example [[0, 1], [1, 0]]"),
        ("box:5", "for example box:size=5"),
        ("sobel-x:3", "sobel-x has no parameters"),
    ],
)
def test_hints_show_the_syntax(spec, hint):
    """The hint shows the correct syntax."""
    with pytest.raises(KernelError) as caught:
        resolve(spec, 2)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("bandpass:low=3000,high=300", "low=3000 must be below high=300"),
        ("bandstop:low=300,high=300", "low=300 must be below high=300"),
        ("lowpass:taps=31,width=100", "taps cannot be combined with width"),
        ("lowpass:window=square", "window takes boxcar, hann"),
        ("highpass:taps=30", "odd number of taps"),
    ],
)
def test_contradictory_parameters(spec, message):
    """Contradictory or impossible parameters are refused with the reason."""
    with pytest.raises(KernelError, match=message):
        resolve(spec, 1, rate=8000)


def test_a_cutoff_beyond_half_of_the_rate_does_not_fit_the_input():
    """A cutoff above half the rate is an error of that input, not a usage error."""
    with pytest.raises(LayerError, match="cutoff=5000 must be below 4000 Hz"):
        resolve("lowpass:cutoff=5000", 1, rate=8000)


@pytest.mark.parametrize(
    ("text", "loader", "head", "parameters"),
    [
        ("sobel-x", PresetLoader, "sobel-x", ()),
        ("gaussian:sigma=1.5", PresetLoader, "gaussian", (("sigma", "1.5"),)),
        ("log: sigma = 3 ,a=2", PresetLoader, "log", (("sigma", "3"), ("a", "2"))),
        ("echo:delay=250ms", PresetLoader, "echo", (("delay", "250ms"),)),
        ("my.yaml", FileLoader, "my.yaml", ()),
        ("a:b/my.yml:size=5", FileLoader, "a:b/my.yml", (("size", "5"),)),
        ("hall.wav", ImpulseLoader, "hall.wav", ()),
        ("big hall.FLAC", ImpulseLoader, "big hall.FLAC", ()),
        ("1 2.wav", ImpulseLoader, "1 2.wav", ()),
        ("1 -1", GridLoader, "1 -1", ()),
        ("1.5", GridLoader, "1.5", ()),
        ("1 2 x", GridLoader, "1 2 x", ()),
        ("photo.png", PresetLoader, "photo.png", ()),
    ],
)
def test_one_grammar_parses_kernels(text, loader, head, parameters):
    """The form of a -k value alone decides which loader takes it."""
    spec = parse(text)
    assert type(spec.loader) is loader
    assert (spec.text, spec.head, spec.parameters) == (text, head, parameters)


def test_an_impulse_response_is_for_audio(tmp_path):
    """An impulse response for another medium is refused before the file is opened."""
    assert dimensions("hall.wav") == (1,)
    with pytest.raises(
        KernelError, match=r"hall\.wav is an impulse response, which is for `convtool"
    ):
        resolve("hall.wav", 2)
    with pytest.raises(ReadError):
        resolve(str(tmp_path / "none.wav"), 1)


def test_the_files_of_a_kernel(tmp_path):
    """The files of a kernel include the members of its bank."""
    member = write(tmp_path, "name: member\nweights:\n  2: [[1]]\n", "member")
    bank = write(tmp_path, "name: mine\nbank: [member, sobel-x, 'gaussian:sigma=2']\n")
    builtin = catalogue.builtin_folder()
    assert [str(path) for path in files(bank)] == [
        bank,
        member,
        str(builtin / "sobel-x.yaml"),
        str(builtin / "gaussian.yaml"),
    ]
    assert files("1 -1") == []
    assert files("hall.wav") == [Path("hall.wav")]
    with pytest.raises(KernelError, match="unknown kernel"):
        files("nope")


def test_kernels_in_hertz_need_a_rate():
    """A cutoff in hertz needs a sample rate."""
    with pytest.raises(KernelError, match="sample rate"):
        resolve("lowpass", 1)


def write(folder, text, name="mine"):
    """Write a kernel file, and return its path for -k."""
    (folder / f"{name}.yaml").write_text(text)
    return str(folder / f"{name}.yaml")


def test_a_kernel_file(tmp_path):
    """A file gives weights by dimension, divided by their sum, and a bias."""
    spec = write(
        tmp_path, "name: mine\nweights:\n  2: [[1, 2], [3, 4]]\ndivide_by: sum\nbias: 0.5\n"
    )
    kernel = resolve(spec, 2).kernels[0]
    assert kernel.weights.tolist() == [[0.1, 0.2], [0.3, 0.4]]
    assert kernel.bias == 0.5
    assert resolve(spec, 3).kernels[0].size == (1, 2, 2)


def test_true_convolution_weights_are_flipped_when_loaded(tmp_path):
    """With `convention: convolution`, weights are flipped when they are loaded."""
    spec = write(
        tmp_path, "name: mine\nconvention: convolution\nweights:\n  2: [[1, 2, 3], [4, 5, 6]]\n"
    )
    assert weights(spec).tolist() == [[6, 5, 4], [3, 2, 1]]


def test_the_search_path(tmp_path, monkeypatch):
    """Kernels are sought in --kernel-path, CONVTOOL_KERNEL_PATH, the user's folder, built-ins."""
    first, second = tmp_path / "first", tmp_path / "second"
    third = tmp_path / "config" / "convtool" / "kernels"
    for folder, weight in ((first, 1), (second, 2), (third, 3)):
        folder.mkdir(parents=True)
        write(folder, f"name: blur\nweights:\n  2: [[{weight}]]\n", "blur")
    assert weights("blur").shape == (3, 3)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert weights("blur").item() == 3
    monkeypatch.setenv("CONVTOOL_KERNEL_PATH", str(second))
    assert weights("blur").item() == 2
    assert weights("blur", search=[first]).item() == 1


def generated(generator, *parameters, dims=2):
    """Return a kernel file with a generator."""
    head = f"name: mine\ngenerator: {generator}\ndimensions: [{dims}]\nparameters:\n"
    return head + "".join(f"  {parameter}\n" for parameter in parameters)


BAD_FILES = {
    "ragged": (
        "name: mine\nweights:\n  2:\n    - [1, 2]\n    - [1]\n",
        "line 4: weights.2: rows differ",
    ),
    "infinite": ("name: mine\nweights:\n  1: [.inf]\n", "line 3: weights.1: .*finite"),
    "text": ("name: mine\nweights:\n  1: [one]\n", "line 3: weights.1: .*numbers"),
    "truth": ("name: mine\nweights:\n  1: [true]\n", "numbers"),
    "rank": ("name: mine\nweights:\n  2: [1, 2]\n", "nested 2 deep"),
    "four dimensions": ("name: mine\nweights:\n  4: [1]\n", "line 3"),
    "unknown key": ("name: mine\nwheights: 3\n", "line 2: unknown key 'wheights'"),
    "name": ("name: My Kernel\nweights:\n  1: [1]\n", "line 1: name"),
    "repeated key": ("name: mine\nname: mine\n", "line 2: the key 'name' appears twice"),
    "two kinds": ("name: mine\nweights:\n  1: [1]\nbank: [blur]\n", "exactly one"),
    "zero divisor": ("name: mine\nweights:\n  1: [1]\ndivide_by: 0\n", "must not be 0"),
    "list": ("- 1\n- 2\n", "line 1: expected lines such as KEY: VALUE, not a list"),
    "empty": ("", "mine.yaml: is empty"),
    "alias": ("name: &a mine\nsummary: *a\n", "aliases"),
    "deep": ("a: " + "[" * 100 + "]" * 100, "nested more than"),
    "huge integer": ("name: mine\nweights:\n  1: [1" + "0" * 400 + "]\n", "finite"),
    "divided too far": ("name: mine\nweights:\n  1: [1]\ndivide_by: 1.0e-300\n", "at most"),
    "default out of range": (generated("box", "size: {default: 0, minimum: 1}"), "outside"),
    "no size": (generated("box", "size: {default: 0, integer: true}"), "zero"),
    "no width": (generated("gaussian", "sigma: {default: 0}"), "divi|invalid"),
    "endless": (generated("gaussian", "sigma: {default: 1000}"), "more than"),
    "long line": (
        generated("motion", "length: {default: 9999}", "angle: {default: 0}"),
        "more than",
    ),
    "negative radius": (generated("disk", "radius: {default: -1}"), "weights|invalid"),
    "no such generator": (generated("boxes", "size: {default: 3}"), "unknown generator 'boxes'"),
    "no parameters of a generator": (
        generated("box", "width: {default: 3}"),
        "generator 'box' takes the parameters size, not width",
    ),
    "no such window": (
        generated(
            "lowpass",
            "cutoff: {default: 9}",
            "taps: {default: 0}",
            "width: {default: 0}",
            "window: {default: square, choices: [square]}",
            dims=1,
        ),
        "window takes boxcar",
    ),
    "broken": ("name: [\n\n", "line 3: is not valid YAML"),
    "object": (
        "name: !!python/object/apply:os.system [ls]\n",
        "line 1: tags such as !!python",
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_files_are_refused_with_their_line(tmp_path, case):
    """The message about an untrusted file names the file, the line and the key."""
    text, message = BAD_FILES[case]
    spec = write(tmp_path, text)
    with pytest.raises(KernelError, match=message) as caught:
        resolve(spec, 1 if "1:" in text or "dimensions: [1]" in text else 2, rate=8000)
    assert "mine" in caught.value.message


def test_a_member_of_a_bank_is_a_preset_or_a_file(tmp_path):
    """A member of a bank is a preset or a file with a single kernel, not a grid."""
    write(tmp_path, "name: mine\nbank: [sobel]\n")
    with pytest.raises(KernelError, match="cannot hold 'sobel', which combines its results"):
        resolve("mine", 2, search=[tmp_path])
    write(tmp_path, "name: mine\nbank: ['1 -1']\n")
    with pytest.raises(KernelError, match="unknown kernel '1 -1'"):
        resolve("mine", 2, search=[tmp_path])


def test_a_bank_cannot_contain_itself(tmp_path):
    """Banks can be nested only to a limited depth."""
    write(tmp_path, "name: mine\nbank: [mine]\n")
    with pytest.raises(KernelError, match="nested more than 4 deep"):
        resolve("mine", 2, search=[tmp_path])
    with pytest.raises(KernelError, match="nested more than 4 deep"):
        files("mine", [tmp_path])


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    """A file over the size limit is refused before it is parsed."""
    spec = write(tmp_path, "#" * (bounds.MAX_FILE_BYTES + 1))
    with pytest.raises(KernelError, match="larger than"):
        resolve(spec, 2)


def test_hostile_yaml_of_the_corpus_is_refused(corpus):
    """Exponential aliases, recursive anchors and deep nesting are refused."""
    files = sorted((corpus / "bad" / "yaml").iterdir())
    assert files
    for path in files:
        with pytest.raises(KernelError):
            schema.read(path)


@pytest.mark.parametrize("text", ["gaussian:sigma=1.5", "1.5 .5", "blur"])
def test_kernels_are_shown_without_torch(text):
    """`kernels show` imports no torch, even where a parameter contains a decimal point."""
    code = (
        "import sys; from convtool.cli.app import run; run(sys.argv[1:]); "
        "print('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code, "kernels", "show", text]
    result = subprocess.run(command, capture_output=True, check=True, text=True)
    assert result.stdout.splitlines()[-1] == "False"
