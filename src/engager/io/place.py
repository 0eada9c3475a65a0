"""Where a run is kept: a folder of this machine, or a prefix in object storage (``s3://bucket/prefix``, or any other
address that fsspec knows).

A place in object storage is a ``upath.UPath``, which has the methods of ``pathlib.Path`` that are used here. What
differs lies in this file: an object is written in one request, there are no folders to make, and a lock is an object.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from filelock import FileLock

from engager.documents import DocumentError


def place(where: Path | str) -> Path:
    """The place that the user names. Raises DocumentError for an address that nothing here can read."""
    if isinstance(where, Path) or "://" not in str(where):
        return Path(where)
    if find_spec("upath") is None:
        raise DocumentError(f"{where}: object storage needs more packages: pip install 'engager[s3]'")
    from upath import UPath

    try:
        found = UPath(where, use_listings_cache=False)  # other machines write here, too
        found.fs  # noqa: B018  loads what speaks to the storage
    except (ImportError, ValueError) as error:
        raise DocumentError(f"{where}: this kind of storage cannot be used: {error}") from None
    return cast(Path, found)


def remote(path: Path) -> bool:
    """Whether ``path`` lies in object storage."""
    return not isinstance(path, Path)


@contextmanager
def reached(path: Path) -> Iterator[None]:
    """Say in one sentence what object storage answered; that something is not there goes through, and so do errors
    of a folder of this machine."""
    try:
        yield
    except (DocumentError, FileNotFoundError, FileExistsError):
        raise
    except Exception as error:  # each kind of storage has errors of its own
        if not remote(path):
            raise
        why = str(error) or type(error).__name__
        raise DocumentError(
            f"{path} cannot be used: {why}; see that bucket, credentials and endpoint are right; "
            "what was finished is kept"
        ) from None


def put(path: Path, data: bytes) -> None:
    """Write an object: readers see the old one or the whole new one."""
    try:
        with reached(path):
            path.write_bytes(data)
    except FileNotFoundError as error:
        raise _no_bucket(path, error) from None


def _no_bucket(path: Path, error: OSError) -> DocumentError:
    return DocumentError(f"{path} cannot be written: {error}; make the bucket, or name another with --out")


def sizes(folder: Path) -> dict[str, int]:
    """Size [byte] of each object right under a prefix, by name; none where there is nothing."""
    fs, root = _fs(folder)
    with reached(folder):
        try:
            listed = fs.ls(root, detail=True)
        except FileNotFoundError:
            return {}
    return {
        str(one["name"]).rpartition("/")[2]: int(one["size"] or 0) for one in listed if one["type"] == "file"
    }


def contents(paths: Iterable[Path]) -> dict[Path, bytes]:
    """Objects, read side by side; one that is missing is left out."""
    wanted = list(paths)
    if not wanted:
        return {}
    fs, _ = _fs(wanted[0])
    with reached(wanted[0]):
        names = {_fs(path)[1]: path for path in wanted}
        got = fs.cat(list(names), on_error="return")
        if not isinstance(got, dict):  # of a single object
            got = dict.fromkeys(names, got)
        for data in got.values():
            if isinstance(data, Exception) and not isinstance(data, FileNotFoundError):
                raise data
    return {names[name]: data for name, data in got.items() if isinstance(data, bytes)}


def fetched(folder: Path, into: Path) -> None:
    """Bring every object right under a prefix into a folder of this machine."""
    fs, root = _fs(folder)
    names = sorted(sizes(folder))
    into.mkdir(parents=True, exist_ok=True)
    with reached(folder):
        fs.get([f"{root}/{name}" for name in names], [str(into / name) for name in names])


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """Hold an object as a lock: it names its owner and when it was made, and is removed at the end.

    Where the storage can write an object only if there is none (S3 and what is built like it), two processes never
    both get it; elsewhere they may, if they begin at the same moment. A process that is killed leaves it behind: the
    next one on the same machine finds that the owner is gone and takes it over, on any other machine a person must
    remove it, as nobody there can tell whether the owner still runs.

    Raises:
        DocumentError: another process holds it, or the storage cannot be used.
    """
    me = {"token": uuid4().hex, "host": socket.gethostname(), "process": os.getpid()}
    data = json.dumps({**me, "since": datetime.now(UTC).isoformat(timespec="seconds")}).encode()
    fs, name = _fs(lock)
    with reached(lock.parent):
        try:
            _create(fs, name, data)
        except FileExistsError:
            _take_over(lock, fs, name, data)
        except FileNotFoundError as error:
            raise _no_bucket(lock.parent, error) from None
    try:
        yield
    finally:
        with reached(lock.parent):
            if _owner(lock).get("token") == me["token"]:
                fs.rm_file(name)


def _take_over(lock: Path, fs: Any, name: str, data: bytes) -> None:
    """Write ``data`` in the place of a lock that a process of this machine left behind, one process at a time: those of
    one user with one temporary folder wait for each other, of others the last one to write has it."""
    user = str(os.getuid()) if hasattr(os, "getuid") else ""
    key = hashlib.sha256(f"{user} {lock}".encode()).hexdigest()[:16]
    here = tempfile.gettempdir()
    turn = FileLock(Path(here) / f"engager-{key}.lock")
    try:
        turn.acquire()
    except OSError as error:
        raise DocumentError(
            f"{here} cannot be written to: {error.strerror}; name another in TMPDIR"
        ) from None
    try:
        _refuse(lock)
        fs.pipe_file(name, data)
        if _owner(lock) != json.loads(data):
            _refuse(lock)
    finally:
        turn.release()


def _create(fs: Any, name: str, data: bytes) -> None:
    try:
        fs.pipe_file(name, data, mode="create")
    except (NotImplementedError, TypeError, ValueError):
        if fs.exists(name):
            raise FileExistsError(name) from None
        fs.pipe_file(name, data)


def _refuse(lock: Path) -> None:
    """Raise DocumentError unless the lock was left by a process of this machine that is gone."""
    owner = _owner(lock)
    if owner.get("host") == socket.gethostname() and not _runs(int(owner["process"])):
        return
    raise DocumentError(
        f"{lock.parent} is in use by process {owner.get('process')} on {owner.get('host')} since "
        f"{owner.get('since')}; if that process is gone, remove {lock} and try again"
    )


def _owner(lock: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(lock.read_bytes()))
    except (FileNotFoundError, ValueError):
        return {}


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _fs(path: Path) -> tuple[Any, str]:
    """The file system of a place in object storage, and its name there."""
    there = cast(Any, path)
    return there.fs, there.path
