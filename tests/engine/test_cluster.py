"""Pieces on real worker processes, which are really killed: nothing is lost, and what kills is named."""

import os
import signal
import socket
import time

import pytest

pytest.importorskip("distributed")

from engager.documents import DocumentError
from engager.engine import cluster


def test_results_come_with_their_pieces_and_an_error_ends_the_rest():
    def work(n):  # nested functions are sent whole; workers need not find this file
        if n < 0:
            raise ValueError("negative")
        return n * n

    with cluster.started(2, 1) as crew:
        assert sorted(crew.as_finished(work, range(100))) == [(n, n * n) for n in range(100)]
        with pytest.raises(ValueError, match="negative"):
            list(crew.as_finished(work, [3, -1, 4]))
        assert list(crew.as_finished(work, [])) == []


@pytest.mark.slow
@pytest.mark.parametrize(("processes", "threads"), [(2, 1), (1, 2)])
def test_a_piece_that_kills_its_workers_is_tried_alone_and_named_and_takes_no_other_with_it(
    processes, threads, tmp_path
):
    def work(n):
        with (tmp_path / "tries").open("a") as log:
            log.write(f"{n} {os.getpid()}\n")
        if n == 5:
            time.sleep(0.5)
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.1)
        return -n

    done = []
    with cluster.started(processes, threads) as crew, pytest.raises(cluster.Lost) as lost:
        done.extend(crew.as_finished(work, range(20)))
    assert lost.value.pieces == [5]
    assert sorted(done) == [(n, -n) for n in range(20) if n != 5]
    tries = [line.split() for line in (tmp_path / "tries").read_text().splitlines()]
    killed = [pid for n, pid in tries if n == "5"]
    assert len(killed) == len(set(killed)) == 3
    alone = max(i for i, (n, _) in enumerate(tries) if n == "5")
    assert {n for n, _ in tries[:alone]} == set(
        map(str, range(20))
    )  # the last try comes when all others had theirs
    assert killed[-1] not in {pid for _, pid in tries[alone + 1 :]}


@pytest.mark.slow
def test_a_worker_killed_from_outside_loses_nothing(tmp_path):
    def work(n):
        (tmp_path / f"{n}.{os.getpid()}").touch()
        time.sleep(0.3)
        return n

    with cluster.started(2, 1) as crew:
        results = crew.as_finished(work, range(12))
        done = [next(results)[1]]
        victim = int(next(tmp_path.iterdir()).suffix[1:])
        os.kill(victim, signal.SIGKILL)
        done += [n for _, n in results]
    assert sorted(done) == list(range(12))


@pytest.mark.slow
def test_a_result_that_went_with_its_worker_is_computed_again_and_may_kill_then(tmp_path):
    def work(n):
        tries = tmp_path / f"{n}"
        with tries.open("a") as log:
            log.write(f"{os.getpid()}\n")
        if n == 1 and len(tries.read_text().split()) > 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return n

    with cluster.started(1, 1) as crew, pytest.raises(cluster.Lost) as lost:
        results = crew.as_finished(work, range(3))
        done = [next(results)]
        while len(list(tmp_path.iterdir())) < 3:
            time.sleep(0.1)
        time.sleep(0.5)  # all three are finished, as their client knows
        os.kill(int((tmp_path / "1").read_text()), signal.SIGKILL)
        time.sleep(0.5)
        done += results
    assert lost.value.pieces == [1] and sorted(done) == [(0, 0), (2, 2)]


@pytest.mark.parametrize("given", ["tcp://127.0.0.1:{port}", "nonsense://x", "no-port", "{folder}/none.json"])
def test_a_scheduler_that_does_not_answer_is_told_within_seconds(given, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        address = given.format(port=taken.getsockname()[1], folder=tmp_path)
        began = time.monotonic()
        said = pytest.raises(DocumentError, match=r"no scheduler answers at|is not the file of a scheduler")
        with said, cluster.joined(address):
            pass
    assert time.monotonic() - began < 4 * cluster.ANSWER


def test_what_listens_must_be_a_scheduler():
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(DocumentError, match="no scheduler answers"), cluster.joined(address):
            pass


def test_a_wrong_number_of_processes_is_refused():
    with pytest.raises(DocumentError, match="--processes 0: must be from 1"), cluster.started(0, 1):
        pass
