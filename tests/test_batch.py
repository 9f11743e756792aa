"""Batches: a result for each request, nothing done twice, nothing lost when a process dies."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from workbench.archives.local import LocalArchive
from workbench.batch import BatchProgress, run_batch
from workbench.batch_items import named, requests
from workbench.batch_run import Task
from workbench.core.errors import RequestError
from workbench.core.geometry import Area
from workbench.core.spec import ExportSpec, Mask
from workbench.core.timebase import Offset

RECORDINGS = Path(__file__).parents[1] / "notebooks" / "recordings"
HERE = {"archive": "here", "derive": "never"}


def spec(second: float = 1.0, source: str = "corridor", **more: Any) -> ExportSpec:
    """Half a second of a camera."""
    wish = {"begin": Offset(round(second * 1e6)), "end": Offset(round(second * 1e6) + 500_000), "format": "mkv", **more}
    return ExportSpec(source=source, **wish)


@pytest.fixture
def archive(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The recordings that come along."""
    held = LocalArchive(RECORDINGS)
    yield held
    held.close()


def test_each_request_has_a_result_and_is_not_done_twice(archive: LocalArchive, tmp_path: Path) -> None:
    """Good, empty and failing requests each end in their state; run again, the finished one is kept as it is."""
    wanted = [spec(), spec(900), spec(source="nobody")]
    told: list[BatchProgress] = []
    first = run_batch(wanted, archive, tmp_path, on_progress=told.append)
    assert [item.state for item in first.items] == ["done", "nothing", "failed"]
    assert first.items[2].error is not None and "nobody" in first.items[2].error["message"]
    assert [progress.finished for progress in told] == [1, 2, 3]
    file = tmp_path / first.items[0].files[0]["path"]
    state = file.stat()
    again = run_batch(list(reversed(wanted)), archive, tmp_path)
    assert [item.state for item in again.items] == ["failed", "nothing", "kept"]
    assert again.items[2].files == first.items[0].files
    assert file.stat().st_mtime_ns == state.st_mtime_ns
    assert list(first.to_frame()["state"]) == ["done", "nothing", "failed"]
    assert json.loads(json.dumps(first.to_json()))["counts"]["done"] == 1


def test_a_finished_item_that_changed_is_not_made_over(archive: LocalArchive, tmp_path: Path) -> None:
    """A file of a finished item with other bytes makes the item fail by name, and is left as it is."""
    with ThreadPoolExecutor(1) as threads:
        (item,) = run_batch([spec()], archive, tmp_path, executor=threads).items
        file = tmp_path / item.files[0]["path"]
        file.write_bytes(b"other")
        (again,) = run_batch([spec()], archive, tmp_path, executor=threads).items
    assert (again.state, file.read_bytes()) == ("failed", b"other")
    assert again.error is not None and item.name in again.error["message"]


def test_names_do_not_depend_on_the_order() -> None:
    """The same request has the same name everywhere, another request another; twice the same counts once."""
    a, b = spec(), spec(masks=(Mask(points=((0, 0), (1, 0), (0, 1))),))
    assert list(requests([a, b, a], HERE)) == [named(a, HERE), named(b, HERE)] and named(a, HERE) != named(b, HERE)


def test_rows_of_a_table_become_specs(tmp_path: Path) -> None:
    """CSV and DataFrame mean the same: empty cells are left out, numbers, truth values and JSON are read."""
    pandas = pytest.importorskip("pandas")
    file = tmp_path / "wanted.csv"
    file.write_text(
        "source,begin,end,format,crop,burn,size_limit,comment\n"
        'hall,+1,+2,mp4,"[[0.1,0.1],[0.5,0.5]]",true,1000000,"a, b"\n'
        "hall,2026-03-01T10:00:00Z,,jpg,,,,\n",
        encoding="utf-8",
    )
    first, second = requests(file, HERE).values()
    assert (first.crop, first.burn, first.size_limit, first.comment) == (Area(0.1, 0.1, 0.5, 0.5), True, 10**6, "a, b")
    assert second.begin == second.end
    assert list(requests(pandas.read_csv(file), HERE).values()) == [first, second]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "source,begin,end,format\nhall,+1,+2,mp4\nhall,+1,+2,mpg\nhall,+x,+2,mp4\n",
            ("row 2: format", "row 3: begin"),
        ),
        ("source,begin,end,format,colour\nhall,+1,+2,mp4,red\n", ("row 1: spec.colour",)),
        ("source,begin\nhall,+1,+2\n", ("more cells than columns",)),
        ("source,begin,end,format\n", ("there are none",)),
        ("source,begin,end,format,masks\nhall,+1,+2,mp4,[[\n", ("row 1: masks",)),
    ],
    ids=["two rows", "column", "cells", "empty", "json"],
)
def test_wrong_rows_are_told_before_anything_starts(text: str, words: tuple[str, ...], tmp_path: Path) -> None:
    """Each wrong row is named, and nothing was started."""
    file = tmp_path / "wanted.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RequestError) as caught:
        requests(file, HERE)
    assert all(word in caught.value.message for word in words)


def test_no_more_than_that_many_run_at_once(archive: LocalArchive, tmp_path: Path) -> None:
    """`at_once` bounds what an executor holds, however many it could."""

    class Counting(ThreadPoolExecutor):
        held = most = 0

        def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
            self.held += 1
            self.most = max(self.most, self.held)
            future = super().submit(*args, **kwargs)
            future.add_done_callback(lambda _: setattr(self, "held", self.held - 1))
            return future

    with Counting(8) as threads:
        run_batch([spec(900 + n) for n in range(12)], archive, tmp_path, executor=threads, at_once=3)
    assert threads.most == 3


def test_cancelling_keeps_what_is_finished(archive: LocalArchive, tmp_path: Path) -> None:
    """After the first item the rest is cancelled within seconds, and nothing half is left."""
    cancel = threading.Event()
    wanted = [spec(n / 2) for n in range(8)]
    done = run_batch(wanted, archive, tmp_path, at_once=1, cancel=cancel, on_progress=lambda _: cancel.set())
    assert done.count("done") >= 1 and done.count("done") + done.count("cancelled") == 8
    folders = {path.name for path in tmp_path.iterdir()}
    assert folders == {item.name for item in done.items if item.state == "done"}


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ValueError])
def test_what_interrupts_a_look_leaves_all_as_it_was(
    kind: type[BaseException], archive: LocalArchive, tmp_path: Path
) -> None:
    """Ctrl-C while finished items are looked through ends in a result, a mistake in a callback in that mistake."""
    wanted = [spec(n) for n in range(2)]
    with ThreadPoolExecutor(1) as threads:
        first = run_batch(wanted, archive, tmp_path, executor=threads)
        raised: list[BaseException] = [kind()]

        def tell(_: BatchProgress) -> None:
            if raised:
                raise raised.pop()

        if kind is KeyboardInterrupt:
            again = run_batch(wanted, archive, tmp_path, executor=threads, on_progress=tell)
            assert (again.interrupted, [item.state for item in again.items]) == (True, ["kept", "cancelled"])
        else:
            with pytest.raises(kind):
                run_batch(wanted, archive, tmp_path, executor=threads, on_progress=tell)
        last = run_batch(wanted, archive, tmp_path, executor=threads)
    assert [item.files for item in last.items] == [item.files for item in first.items]
    assert {path.name for path in tmp_path.iterdir()} == {item.name for item in first.items}


def test_a_mistake_in_a_callback_stops_the_work(archive: LocalArchive, tmp_path: Path) -> None:
    """It leaves with the first item, not when all are made; the folder is free again, and nothing half is in it."""

    def tell(_: BatchProgress) -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        run_batch([spec(n / 2) for n in range(8)], archive, tmp_path, at_once=1, on_progress=tell)
    assert len(list(tmp_path.iterdir())) < 4
    assert not list(tmp_path.glob(".*"))


def test_a_process_that_is_killed_gives_its_items_back(tmp_path: Path) -> None:
    """kill -9 of a process of ours in the middle: it is replaced, and every item ends done."""
    archive = LocalArchive(RECORDINGS)
    before = children()
    stop = threading.Event()

    def kill_one() -> None:
        while not stop.wait(0.05):
            if list(tmp_path.glob(".*.part")) and (found := children() - before):
                os.kill(min(found), signal.SIGKILL)
                return

    killer = threading.Thread(target=kill_one)
    killer.start()
    try:
        done = run_batch([spec(n / 2) for n in range(6)], archive, tmp_path, at_once=2)
    finally:
        stop.set()
        killer.join()
        archive.close()
    assert [item.state for item in done.items] == ["done"] * 6
    assert max(item.attempts for item in done.items) > 1
    assert not list(tmp_path.glob(".*.part"))


def children() -> set[int]:
    """Processes that this one started."""
    import multiprocessing

    return {process.pid for process in multiprocessing.active_children() if process.pid}


def test_a_given_pool_that_breaks_ends_in_failed_items(archive: LocalArchive, tmp_path: Path) -> None:
    """A pool that is not ours is not replaced: what it had is failed, with the reason, and nothing hangs."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(os._exit, 1)
        time.sleep(0.5)
        done = run_batch([spec(), spec(2)], archive, tmp_path, executor=pool)
    assert [item.state for item in done.items] == ["failed", "failed"]
    assert all(item.error and "died" in item.error["message"] for item in done.items)


class Odd(ThreadPoolExecutor):
    """An executor that does something else with the first items it gets, as `does` says."""

    def __init__(self, times: int, does: Callable[..., Future[Any]]) -> None:
        super().__init__(1)
        self.left, self.does = times, does

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
        """Take an item."""
        self.left -= 1
        return super().submit(*args, **kwargs) if self.left < 0 else self.does(super().submit, *args)


def gives_up(submit: Any, *args: Any) -> Future[Any]:
    """Cancel an item, as Dask does whose scheduler was lost."""
    future: Future[Any] = Future()
    future.cancel()
    future.set_running_or_notify_cancel()
    return future


def breaks(submit: Any, *args: Any) -> Future[Any]:
    """Raise in the worker, as where it has no `workbench`."""
    return submit(int, "none")  # type: ignore[no-any-return]


@pytest.mark.parametrize("does", [gives_up, breaks])
def test_what_an_executor_gives_up_is_given_again(
    does: Callable[..., Future[Any]], archive: LocalArchive, tmp_path: Path
) -> None:
    """An item that an executor cancels or breaks is tried again; at last it failed, and nobody is said to have died."""
    with Odd(1, does) as once, Odd(3, does) as always:
        (item,) = run_batch([spec()], archive, tmp_path / "once", executor=once).items
        (lost,) = run_batch([spec()], archive, tmp_path / "always", executor=always).items
    assert (item.state, item.attempts) == ("done", 2)
    assert (lost.state, lost.attempts) == ("failed", 3) and lost.error is not None
    assert "was not brought to an end, 3 times" in lost.error["message"] and "died" not in lost.error["message"]


def test_a_worker_elsewhere_says_what_it_does_not_see(archive: LocalArchive, tmp_path: Path) -> None:
    """A worker without the batch's folder fails the item at once, names the reason, and makes no folder there."""

    def elsewhere(submit: Any, work: Any, opener: bytes, task: Task) -> Future[Any]:
        return submit(work, opener, replace(task, folder=str(tmp_path / "no"), mark=str(tmp_path / "no" / "mark")))  # type: ignore[no-any-return]

    with Odd(3, elsewhere) as threads:
        (item,) = run_batch([spec()], archive, tmp_path / "out", executor=threads).items
    assert (item.state, item.attempts) == ("failed", 1) and item.error is not None
    assert "does not see the batch's folder" in item.error["message"] and "died" not in item.error["message"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def cluster_of_two() -> Any:
    """A Dask cluster of two worker processes on this machine, and its client."""
    distributed = pytest.importorskip("distributed")
    return distributed.Client(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit=0, silence_logs=50
    )


def on_dask(count: int, archive: LocalArchive, folder: Path) -> tuple[Any, float]:
    """A batch of `count` on two Dask workers, one of which is killed when a third of it is done."""
    with cluster_of_two() as client:
        pids = client.run(os.getpid)
        executor: Executor = client.get_executor()

        def kill(progress: BatchProgress) -> None:
            if progress.finished == max(1, count // 3):
                os.kill(min(pids.values()), signal.SIGKILL)

        wanted = [spec(0.05 * n) for n in range(count)]
        began = time.monotonic()
        done = run_batch(wanted, archive, folder, executor=executor, on_progress=kill)
        return done, time.monotonic() - began


@pytest.mark.filterwarnings("default")  # what Dask says about its own sockets when a worker is killed
@pytest.mark.parametrize("count", [6, pytest.param(100, marks=pytest.mark.slow)])
def test_a_cluster_that_loses_a_worker_loses_no_item(count: int, archive: LocalArchive, tmp_path: Path) -> None:
    """Two Dask workers, one killed midway: every request has its result, each the bytes that this process makes."""
    done, _ = on_dask(count, archive, tmp_path / "dask")
    assert [item.state for item in done.items] == ["done"] * count
    with ThreadPoolExecutor(2) as threads:
        here = run_batch([item.spec for item in done.items], archive, tmp_path / "here", executor=threads)
    assert [item.files[0]["sha256"] for item in here.items] == [item.files[0]["sha256"] for item in done.items]
    assert not list((tmp_path / "dask").glob(".*.part"))
