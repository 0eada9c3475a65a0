"""What every command has in common: groups, faults, interruption, JSON or a page."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer

F = TypeVar("F", bound=Callable[..., None])

WRONG_INPUT, INTERRUPTED, NO_READER, OUT_OF_MEMORY = 2, 130, 1, 1
"""Exit statuses beside 0 and 1 (a check that found something): as shells and typer have them."""


def group(text: str) -> typer.Typer:
    """A group of commands with this help."""
    # without markup typer leaves rich out of the help, which halves the time to print it
    return typer.Typer(
        help=text,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
    )


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def fail(text: str, status: int) -> typer.Exit:
    """Print ``text`` on standard error; raise what is returned to end with ``status``."""
    print(text, file=sys.stderr)
    return typer.Exit(status)


def job(command: F) -> F:
    """What every command does about input that cannot be used, Ctrl-C, no memory, and a reader that went away."""

    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except KeyboardInterrupt as stop:
            how = getattr(stop, "__notes__", ["engager resume RUN (after --all the same command again)"])
            raise fail(f"interrupted; what a run has finished is kept: {how[-1]}", INTERRUPTED) from None
        except MemoryError:
            raise fail(
                "out of memory; what a run has finished is kept: engager resume RUN --workers 1",
                OUT_OF_MEMORY,
            ) from None
        except BrokenPipeError:
            # the interpreter flushes once more at its end; that must meet an open file
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(NO_READER) from None
        except ValueError as error:
            if type(error).__name__ == "DocumentError":
                raise fail(str(error), WRONG_INPUT) from None
            raise

    return guarded  # type: ignore[return-value]


def show(json: bool, data: Any, page: Callable[[Any], Any]) -> None:
    """Print ``data`` as JSON, or the ``page`` that is made for people (text, or what rich prints)."""
    from engager.app import output

    if json:
        output.print_json(data)
        return
    from engager.reports import tables

    made = page(tables)
    if isinstance(made, str):
        print(made)
    else:
        output.console().print(made)
