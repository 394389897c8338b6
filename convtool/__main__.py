"""The program `convtool`, also as `python -m convtool`."""

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        from convtool.cli.app import run  # noqa: PLC0415  # an interrupt may come while it is imported

        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
