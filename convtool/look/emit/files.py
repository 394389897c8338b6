"""The lines of Python that read the input of a run and write its result."""

from convtool.look.emit.given import Given, Lines

SOUNDS = (".wav", ".flac", ".aiff", ".aif", ".au", ".caf", ".w64", ".rf64")
PILLOW = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif")
OPENCV = (".png", ".tif", ".tiff", ".ppm", ".pgm")


def file_lines(given: Given) -> Lines:
    """Return the lines for the files of a run, `x` and `y` of shape (1, C, *S), floats.

    Raises:
        UsageError: there are none for these formats.
    """
    return {1: _audio, 2: _image, 3: _video}[given.medium.dims](given)


def _scaled(given: Given, name: str) -> str:
    """Return the numbers of the result as they are stored, rounded and clipped."""
    stored = given.stored
    kind = f"np.{str(stored.dtype).removeprefix('torch.')}"
    if stored.floats:
        return f"{name}.astype({kind})"
    return f"np.rint({name} * {stored.scale}).clip({stored.low}, {stored.high}).astype({kind})"


def _image(given: Given) -> Lines:
    channels = len(given.part.channels)
    bits = {given.part.levels.scale.bit_length(), given.stored.scale.bit_length()}
    suffixes = PILLOW if bits == {8} else OPENCV
    known = given.input.lower().endswith(suffixes) and given.suffix in suffixes
    if channels not in (1, 3) or bits not in ({8}, {16}) or not known:
        raise given.refusal(
            f"{channels} channels of {given.part.levels}, stored as {given.stored} in "
            f"{given.suffix}, expected grey or RGB of 8 or 16 bits in a common format"
        )
    scale = given.part.levels.scale
    wide = bits == {16}
    if wide:
        imports = ["import cv2", "import numpy as np"]
        order = "[..., ::-1]" if channels == 3 else "[..., None]"
        read = [f"pixels = cv2.imread({given.input!r}, cv2.IMREAD_UNCHANGED){order}"]
    else:
        imports = ["import numpy as np", "from PIL import Image, ImageOps"]
        mode = "RGB" if channels == 3 else "L"
        read = [
            f"image = ImageOps.exif_transpose(Image.open({given.input!r})).convert({mode!r})",
            f"pixels = np.asarray(image).reshape(image.height, image.width, {channels})",
        ]
    read.append(f"x = np.float32(pixels.transpose(2, 0, 1)[None]) / {scale}")
    write = [f"y = {_scaled(given, 'y')}[0].transpose(1, 2, 0)"]
    grey = given.layer.channels == 1
    if wide:
        shown = "y[..., 0]" if grey else "y[..., ::-1]"
        write.append(f"cv2.imwrite({given.output!r}, np.ascontiguousarray({shown}))")
    else:
        shown = "y[..., 0]" if grey else "y"
        write.append(f"Image.fromarray({shown}).save({given.output!r})")
    return imports, read, write


def _audio(given: Given) -> Lines:
    stored, rate = given.stored, given.part.rate
    if given.suffix not in SOUNDS:
        raise given.refusal(f"{given.suffix} is lossy or a container, expected {', '.join(SOUNDS)}")
    if given.layer.conv.stride[0] > 1:
        rate = (rate or 0) / given.layer.conv.stride[0]
    imports = ["import numpy as np", "import soundfile"]
    read = [
        f"samples, _ = soundfile.read({given.input!r}, dtype='float32', always_2d=True)",
        "x = samples.T[None]",
    ]
    write = [f"y = {_scaled(given, 'y')}[0].T"]
    if stored.floats:
        subtype = "DOUBLE" if stored.dtype.itemsize == 8 else "FLOAT"
    else:
        bits = stored.scale.bit_length()
        subtype = "PCM_U8" if bits == 8 and given.suffix == ".wav" else f"PCM_{bits}"
        subtype = "PCM_S8" if subtype == "PCM_8" else subtype
        if spare := 8 * stored.dtype.itemsize - bits:
            write.append(f"y <<= {spare}  # libsndfile takes the uppermost bits")
    write.append(f"soundfile.write({given.output!r}, y, {round(rate or 0)}, {subtype!r})")
    return imports, read, write


def _video(given: Given) -> Lines:
    from convtool.look.emit.clips import clip_lines  # noqa: PLC0415  # PyAV

    imports, read, write = clip_lines(given)
    return imports, read, [f"y = {_scaled(given, 'y')}[0]", *write]
