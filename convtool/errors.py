"""The errors that users see; nothing here knows why they occur.

ConvtoolError
├── UsageError (ValueError)         the call is wrong, whatever the input holds       exit code 2
│   └── KernelError                 a kernel's name, grid, parameters or file
├── LayerError (ValueError)         the layer does not fit this input                 exit code 1
├── ReadError (OSError)             an input cannot be read                           exit code 1
│   └── LimitError                  it exceeds a limit                                exit code 1
├── WriteError (OSError)            an output cannot be written                       exit code 1
└── IndivisibleError                an input is not divided, and so is filtered whole, with a note
"""


class ConvtoolError(Exception):
    """Base of every error that convtool raises on purpose.

    Args:
        message: what is wrong, what was found, what was expected.
        hint: what to do about it, if there is something.
        named: the message names the file that it is about, which may be another than the input.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None, named: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.named = named

    def __str__(self) -> str:
        return self.message


class UsageError(ConvtoolError, ValueError):
    """The call is wrong, whatever the input holds."""

    exit_code = 2


class KernelError(UsageError):
    """A kernel's name, grid, parameters or file cannot be used."""


class LayerError(ConvtoolError, ValueError):
    """The layer does not fit the input: groups, kernel size, padding."""


class ReadError(ConvtoolError, OSError):
    """An input is missing, damaged or of an unknown format."""


class LimitError(ReadError):
    """An input or its result exceeds a limit that a flag sets."""


class WriteError(ConvtoolError, OSError):
    """An output already exists, or cannot be written."""


class IndivisibleError(ConvtoolError):
    """An input cannot be divided into segments; its message, the reason, becomes a note."""


def internal(exc: BaseException) -> str:
    """Return the words for an exception that nobody foresaw.

    >>> internal(KeyError("x"))
    "internal error (KeyError: 'x'), please report"
    """
    text = f"{type(exc).__name__}: {exc}".strip().splitlines()[0].removesuffix(": ").rstrip(":")
    return f"internal error ({text}), please report"
