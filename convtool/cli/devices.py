"""`convtool devices`: where layers can run."""


def devices() -> None:
    """List the devices that --device takes."""
    from convtool.convolve import devices as rooms  # noqa: PLC0415  # torch

    for name in rooms.available():
        print(f"{name:8} {rooms.describe(name)}")
