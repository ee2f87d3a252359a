"""What goes wrong while a program runs, as a user meets it."""

from __future__ import annotations


class RunError(Exception):
    """A user's error at run time: `code` names its kind, `help` is the way out, `file` where it lies, if anywhere.

    `exit` is the exit code of the command that it ends.
    """

    def __init__(self, code: str, message: str, help: str = "", file: str = "", exit: int = 1) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help
        self.file = file
        self.exit = exit
