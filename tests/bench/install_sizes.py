"""Print what an installation downloads on each system, by the wheels in the lock of uv.

It reads what `uv export --no-dev --no-hashes --no-emit-project --no-annotate --no-header` prints.
"""

import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote

from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).parents[2]
PYTHON = (3, 13)
SYSTEMS = {
    "Linux": (
        {"sys_platform": "linux", "platform_machine": "x86_64"},
        [
            *(f"manylinux_2_{minor}_x86_64" for minor in range(39, 4, -1)),
            *(f"manylinux{old}_x86_64" for old in ("2014", "2010", "1")),
        ],
    ),
    "Windows": ({"sys_platform": "win32", "platform_machine": "AMD64"}, ["win_amd64"]),
    "Darwin": (
        {"sys_platform": "darwin", "platform_machine": "arm64"},
        list(mac_platforms((15, 0), "arm64")),
    ),
}
CUDA = ("cuda-", "nvidia-", "triton")


def main() -> None:
    """Print the sizes for each system."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    packages = {(each["name"], each["version"]): each for each in lock["package"]}
    wanted = [Requirement(line) for line in sys.stdin.read().splitlines()]
    for system, (markers, platforms) in SYSTEMS.items():
        version = ".".join(map(str, PYTHON))
        environment: dict[str, str] = {  # what differs from this machine
            **markers,
            "platform_system": system,
            "python_version": version,
            "python_full_version": f"{version}.0",
        }
        tags = [
            *cpython_tags(PYTHON, platforms=platforms),
            *compatible_tags(PYTHON, f"cp{PYTHON[0]}{PYTHON[1]}", platforms),
        ]
        sizes = {
            one.name: size_of(packages[one.name, str(one.specifier).removeprefix("==")], tags)
            for one in wanted
            if one.marker is None or one.marker.evaluate(environment)
        }
        cuda = sum(size for name, size in sizes.items() if name.startswith(CUDA))
        total = sum(sizes.values())
        print(
            f"{system:8} {total / 1e6:6.0f} MB: torch {sizes['torch'] / 1e6:.0f}, "
            f"CUDA and Triton {cuda / 1e6:.0f}, others {(total - cuda - sizes['torch']) / 1e6:.0f}"
        )


def size_of(package: dict, tags: list[Tag]) -> int:
    """Return the bytes of the wheel that an installer takes."""
    ranks = {tag: rank for rank, tag in enumerate(tags)}
    fitting = []
    for wheel in package["wheels"]:
        name = unquote(wheel["url"].rsplit("/", 1)[1])
        found = [ranks[tag] for tag in parse_wheel_filename(name)[3] if tag in ranks]
        if found:
            fitting.append((min(found), wheel["size"]))
    return min(fitting)[1]


if __name__ == "__main__":
    main()
