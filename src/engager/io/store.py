"""A run folder: tables in shards, a manifest, and nothing half-written.

Every file is written beside its place and moved there in one step. A shard counts once its record
(``shards/0000017.json``, with checksums) exists; what an interrupted run left is found by these records. The manifest
changes as the run goes on; as it was at the beginning it stays in ``begun.json``, from which a damaged one is mended.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import polars as pl
from filelock import FileLock, Timeout

from engager.documents import DocumentError
from engager.io.place import contents, fetched, held, place, put, reached, remote, sizes
from engager.trials.history import TABLES

MANIFEST = "manifest.json"
BEGUN = "begun.json"
LOCK = "lock"
TRIAL = "trial.yaml"
SHARDS = "shards"

DIGITS = 7
"""Of a shard's number in the names of its files: even in the largest run names are in the order of numbers, as whoever
reads ``*.parquet`` needs it."""

PARQUET: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "statistics": False}
"""How tables are written."""

SPARE = 64 * 1024**2
"""Space that is left free on the disk beside what a run needs [byte]."""


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file in one step: readers see the old file or the whole new one."""
    if remote(path):
        put(path, data)
        return
    beside = _beside(path)
    try:
        path.parent.mkdir(exist_ok=True)
        with beside.open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise unwritable(path, error) from None


def unwritable(path: Path, error: Exception) -> DocumentError:
    """What to tell when a file of a run cannot be written."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return DocumentError(
        f"{path} cannot be written: {why}; what was finished is kept: mend that, then go on with engager resume"
    )


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file in one step; not-a-number is refused."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


class Store:
    """The folder of one run, on this machine or in object storage (see :mod:`engager.io.place`)."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = place(folder)
        self.remote = remote(self.folder)
        self._near: TemporaryDirectory[str] | None = None

    # --- opening -------------------------------------------------------------------------------------

    def check(self, need: int) -> None:
        """Raise DocumentError unless a new run of about ``need`` bytes can be kept here."""
        with reached(self.folder):
            self._check_empty()
        if self.remote:
            return  # as much as one pays for
        existing = next(p for p in [self.folder, *self.folder.absolute().parents] if p.exists())
        if not os.access(existing, os.W_OK):
            raise DocumentError(f"{existing} cannot be written to; name another folder with --out")
        free = shutil.disk_usage(existing).free
        if need + SPARE > free:
            raise DocumentError(
                f"the run needs about {_size(need)}, {existing} has {_size(free)} free; "
                "take fewer patients or replicates, or another disk with --out"
            )

    def is_run(self) -> bool:
        """Whether a run was begun here; of one whose manifest is lost the other one tells."""
        return any((self.folder / name).is_file() for name in (MANIFEST, BEGUN))

    def _check_empty(self) -> None:
        if not self.folder.exists():
            return
        if not self.folder.is_dir():
            raise DocumentError(f"{self.folder} is a file; name a folder for the run")
        if self.is_run():
            raise DocumentError(
                f"{self.folder} already holds a run; name another folder with --out, "
                f"or finish that run with: engager resume {self.folder}"
            )
        if not all(self._left(path) for path in self.folder.iterdir()):
            raise DocumentError(f"{self.folder} is not empty; name a new or an empty folder with --out")

    def _left(self, path: Path) -> bool:
        """Whether a file or folder here is what a process leaves that is killed before it has begun a run. A trial file
        alone may be the user's own; beside our lock it is ours."""
        if path.name in (*TABLES, SHARDS):
            return path.is_dir() and not any(path.iterdir())
        if path.name == TRIAL:
            return (self.folder / LOCK).exists()
        return path.name == LOCK or (path.name.startswith(".") and path.name.endswith(".part"))

    def make(self) -> None:
        """Make the folder and the folders of its tables; clear away what a killed process was writing."""
        if self.remote:
            return
        try:
            for name in (*TABLES, SHARDS):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            for name in ("", *TABLES, SHARDS):
                for part in (self.folder / name).glob(".*.part"):
                    part.unlink(missing_ok=True)
        except OSError as error:
            raise DocumentError(
                f"{self.folder} cannot be made: {error.strerror}; name another with --out"
            ) from None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process alone; the lock ends with the process, however it ends."""
        if self.remote:
            with held(self.folder / LOCK):
                yield
            return
        lock = FileLock(self.folder / LOCK)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            raise DocumentError(f"{self.folder} is in use by another process") from None
        except OSError as error:
            raise DocumentError(f"{self.folder} cannot be written to: {error.strerror}") from None
        try:
            yield
        finally:
            lock.release()

    # --- manifest ------------------------------------------------------------------------------------

    def manifest(self) -> dict[str, Any]:
        """The manifest; where it is lost or damaged, the one that the run began with.

        Raises:
            DocumentError: neither is there, or neither can be read.
        """
        first: Exception | None = None
        for path in (self.folder / MANIFEST, self.folder / BEGUN):
            try:
                with reached(path):
                    return dict(json.loads(path.read_text(encoding="utf-8")))
            except DocumentError:
                raise
            except (OSError, ValueError, TypeError) as error:
                first = first or error
        if isinstance(first, FileNotFoundError):
            raise DocumentError(f"{self.folder} is not a run: it has no {MANIFEST}") from None
        raise DocumentError(
            f"{self.folder / MANIFEST} cannot be read: {first}; simulate the trial anew"
        ) from None

    def begin(self, manifest: dict[str, Any]) -> None:
        """Write the manifest for the first time; from here on the folder is a run."""
        write_json(self.folder / BEGUN, manifest)
        write_json(self.folder / MANIFEST, manifest)

    def damage(self) -> Iterator[str]:
        """Says so if the manifest is lost or damaged."""
        try:
            json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            yield f"{self.folder / MANIFEST} is missing or damaged; engager resume mends it"

    def note(self, **entries: Any) -> None:
        """Change entries of the manifest."""
        write_json(self.folder / MANIFEST, {**self.manifest(), **entries})

    def text(self, name: str) -> str:
        """A text file of the run. Raises DocumentError where there is none or it cannot be read."""
        try:
            with reached(self.folder):
                return (self.folder / name).read_text(encoding="utf-8")
        except DocumentError:
            raise
        except (OSError, ValueError) as error:
            raise DocumentError(f"{self.folder / name} cannot be read: {error}") from None

    # --- shards --------------------------------------------------------------------------------------

    def keep(self, number: int, tables: dict[str, pl.DataFrame], processor: str) -> dict[str, Any]:
        """Write the tables of a shard, then its record (checksums, rows, the ``processor`` that computed it), which
        makes it count."""
        record = {
            "number": number,
            "processor": processor,
            "tables": {name: self._keep(name, number, tables[name]) for name in TABLES},
        }
        write_json(self._record(number), record)
        return record

    def _keep(self, name: str, number: int, table: pl.DataFrame) -> dict[str, Any]:
        path = self.table(name, number)
        if self.remote:
            buffer = BytesIO()
            table.write_parquet(buffer, **PARQUET)
            data = buffer.getvalue()
            put(path, data)
            return {"sha256": hashlib.sha256(data).hexdigest(), "rows": table.height, "bytes": len(data)}
        beside = _beside(path)
        try:
            table.write_parquet(beside, **PARQUET)
            kept = {"sha256": _sha256(beside), "rows": table.height, "bytes": beside.stat().st_size}
            beside.replace(path)
        except (OSError, pl.exceptions.PolarsError) as error:  # polars has its own for a full disk
            raise unwritable(path, error) from None
        finally:
            with suppress(OSError):  # on a disk that has become read-only
                beside.unlink(missing_ok=True)
        return kept

    def finished(self) -> dict[int, dict[str, Any]]:
        """Records of shards that are complete and unchanged, by number. In object storage, where an object is whole or
        not there, its size is compared and nothing is read."""
        records = self._records()
        if self.remote:
            there = {name: sizes(self.folder / name) for name in TABLES}
            return {number: record for number, record in records.items() if self._same_sizes(record, there)}
        return {number: record for number, record in records.items() if not list(self._faults(record))}

    def digest(self) -> str:
        """SHA-256 over the checksums of all tables: two runs with the same one hold the same results."""
        found = hashlib.sha256()
        for number, record in self._records().items():
            for name, one in sorted(record["tables"].items()):
                found.update(f"{number} {name} {one['sha256']}\n".encode())
        return found.hexdigest()

    def shard(self, number: int) -> dict[str, pl.DataFrame] | None:
        """The tables of one shard by name; None where it is not complete."""
        record = self.finished().get(number)
        if record is None:
            return None
        return {
            name: pl.read_parquet(self._brought(name) / self.table(name, number).name)
            for name in record["tables"]
        }

    def _same_sizes(self, record: dict[str, Any], there: dict[str, dict[str, int]]) -> bool:
        number = int(record["number"])
        kept = record["tables"].items()
        return all(there[name].get(self.table(name, number).name) == one["bytes"] for name, one in kept)

    def faults(self, shards: int) -> list[str]:
        """What is wrong with the ``shards`` that should be there, in sentences; every file is read."""
        records = self._records()
        missing = [
            f"{self._record(number)} is missing or damaged"
            for number in range(shards)
            if number not in records
        ]
        return missing + [fault for record in records.values() for fault in self._faults(record)]

    def unseen(self, numbers: Iterable[int]) -> list[Path]:
        """Files of the shards ``numbers`` that are not there (yet)."""
        names = {self.table("", number).name for number in numbers}
        return [
            self.folder / table / name
            for table in TABLES
            for name in sorted(names - self._names(self.folder / table))
        ]

    def _names(self, folder: Path) -> set[str]:
        return set(sizes(folder)) if self.remote else {path.name for path in folder.iterdir()}

    def _records(self) -> dict[int, dict[str, Any]]:
        out = {}
        names = (
            sorted(self._names(self.folder / SHARDS))
            if (self.remote or (self.folder / SHARDS).is_dir())
            else []
        )
        paths = [self.folder / SHARDS / name for name in names if name.endswith(".json")]
        for data in (
            contents(paths) if self.remote else {path: path.read_bytes() for path in paths}
        ).values():
            try:
                record = json.loads(data)
                out[int(record["number"])] = record
            except (ValueError, KeyError, TypeError):
                continue  # a damaged record counts as none: the shard is computed again
        return dict(sorted(out.items()))

    def _faults(self, record: dict[str, Any]) -> Iterator[str]:
        number = int(record["number"])
        paths = {name: self.table(name, number) for name in record["tables"]}
        read = contents(paths.values()) if self.remote else {}
        for name, path in paths.items():
            if path not in read if self.remote else not path.exists():
                yield f"{path} is missing"
                continue
            found = hashlib.sha256(read[path]).hexdigest() if self.remote else _sha256(path)
            if found != record["tables"][name]["sha256"]:
                yield f"{path} has changed since it was written (checksum)"

    def table(self, name: str, number: int) -> Path:
        """The file of a table's shard."""
        return self.folder / name / f"{number:0{DIGITS}d}.parquet"

    def _record(self, number: int) -> Path:
        return self.folder / SHARDS / f"{number:0{DIGITS}d}.json"

    def read(self, name: str) -> pl.DataFrame:
        """A whole table, all shards in order."""
        return self.scan(name).collect()

    def scan(self, name: str, numbers: Iterable[int] | None = None) -> pl.LazyFrame:
        """A table, read when asked for: the shards ``numbers``, all of them for None."""
        folder = self._brought(name)
        if numbers is None:
            return pl.scan_parquet(sorted(folder.glob("*.parquet")))
        return pl.scan_parquet([folder / self.table(name, number).name for number in numbers])

    def _brought(self, name: str) -> Path:
        """The folder of a table on this machine; from object storage it is brought once, for as long as ``self``."""
        if not self.remote:
            return self.folder / name
        if self._near is None:
            self._near = TemporaryDirectory(prefix="engager-")
        near = Path(self._near.name) / name
        if not near.exists():
            fetched(self.folder / name, near)
        return near


def _beside(path: Path) -> Path:
    """A name for the same file while it is written, that no other process and no other machine takes."""
    return path.with_name(f".{path.name}.{uuid4().hex}.part")


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _size(bytes_: int) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if bytes_ < 1000:
            return f"{bytes_:.0f} {unit}"
        bytes_ //= 1000
    return f"{bytes_:,} TB"
