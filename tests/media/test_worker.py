"""The worker process: answers, deaths, cancelling and hostile jobs, with real child processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from workbench.core.errors import Cancelled, NothingRecorded, WorkerDied, WorkError
from workbench.media.worker import Worker

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
posix = pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")


@pytest.fixture(autouse=True)
def _jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    monkeypatch.delenv("WORKBENCH_DEBUG", raising=False)


@pytest.fixture
def worker(_jobs: None) -> Iterator[Worker]:
    """A worker that serves the stand-in jobs."""
    with Worker(jobs="standin_jobs") as made:
        yield made


def alive(pid: int) -> bool:
    """True while a process runs; a zombie waiting for its parent does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def wait_for(what: Callable[[], Any], seconds: float = 10) -> Any:
    """The first true value of `what`, polled."""
    end = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)
    return value


def pid_in(part: Path) -> int:
    """The process id that the job ``work`` writes into its part folder."""
    return int(wait_for(lambda: (part / "pid").exists() and (part / "pid").read_text()))


def later(what: Callable[[], object]) -> threading.Thread:
    """Run something beside the test."""
    thread = threading.Thread(target=what)
    thread.start()
    return thread


def test_answer_and_warm_child(worker: Worker) -> None:
    """Data come back as sent, text of any script included, and the second call meets the same child."""
    payload = {"text": "Привет \ud800 é", "n": [1, 2.5, None]}
    first, second = worker.call("echo", payload), worker.call("echo", payload)
    assert first.data["said"] == payload
    assert first.data["pid"] == second.data["pid"] == worker.pid


def test_large_blobs(worker: Worker) -> None:
    """Blobs of any size, empty ones too, arrive whole and in order."""
    sizes = [0, 1, 40_000_000, 65_537]
    reply = worker.call("blobs", {"sizes": sizes})
    assert [len(b) for b in reply.blobs] == sizes
    assert set(reply.blobs[2]) == {2}


def test_large_payload(worker: Worker) -> None:
    """A payload far larger than a pipe's buffer goes through."""
    text = "x" * 5_000_000
    assert worker.call("echo", {"text": text}).data["said"]["text"] == text


def test_stray_output_does_not_corrupt(worker: Worker) -> None:
    """Prints and raw writes of a job go to stderr, its stdin is empty, the answer is intact."""
    for _ in range(3):
        assert worker.call("stray", {}).data == {"input": ""}


def test_progress_rate(worker: Worker) -> None:
    """Progress comes at least twice a second and not for every step; the last state is told."""
    seen: list[tuple[float, dict[str, Any]]] = []
    worker.call("echo", {})
    began = time.monotonic()
    payload = {"steps": 200, "pause": 0.01}
    worker.call("steps", payload, on_progress=lambda p: seen.append((time.monotonic(), p)))
    times = [began, *(at for at, _ in seen)]
    assert max(b - a for a, b in pairwise(times)) < 0.5
    assert len(seen) <= (times[-1] - began) / 0.25 + 3
    assert seen[-1][1] == {"frames": 199, "time_base": "1/25"}


def test_heartbeat_while_a_step_takes_long(worker: Worker) -> None:
    """The newest progress is repeated while the job itself says nothing."""
    seen: list[dict[str, Any]] = []
    worker.call("steps", {"steps": 1, "pause": 1.6}, on_progress=seen.append)
    assert 3 <= len(seen) <= 7


def test_own_errors_cross_the_border(worker: Worker) -> None:
    """A workbench error arrives as itself, with its advice, and the child stays."""
    pid = worker.call("echo", {}).data["pid"]
    with pytest.raises(NothingRecorded) as caught:
        worker.call("fail", {"known": True})
    assert caught.value.advice == "look elsewhere"
    assert worker.pid == pid


@pytest.mark.parametrize(
    ("verb", "payload", "words"),
    [
        ("fail", {}, "ZeroDivisionError: a bug"),
        ("fail", {"exit": True}, "SystemExit: enough"),
        ("unsayable", {}, "TypeError"),
        ("missing", {}, "no verb"),
    ],
)
def test_other_errors(worker: Worker, verb: str, payload: dict[str, Any], words: str) -> None:
    """Any other exception becomes a WorkError with type and message, no traceback, and the child stays."""
    pid = worker.call("echo", {}).data["pid"]
    with pytest.raises(WorkError, match=words) as caught:
        worker.call(verb, payload)
    assert "Traceback" not in str(caught.value)
    assert not hasattr(caught.value, "detail")
    assert worker.pid == pid


def test_debug_keeps_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """With WORKBENCH_DEBUG the traceback is kept in `detail`."""
    monkeypatch.setenv("WORKBENCH_DEBUG", "1")
    with Worker(jobs="standin_jobs") as worker, pytest.raises(WorkError) as caught:
        worker.call("fail", {})
    assert "ZeroDivisionError" in vars(caught.value)["detail"]


def test_jobs_that_cannot_be_imported() -> None:
    """A missing jobs module is an error of the call, not a dead process."""
    with Worker(jobs="no_such_module") as worker, pytest.raises(WorkError, match="no_such_module"):
        worker.call("echo", {})


@posix
def test_crash_names_signal_verb_place_and_last_words(worker: Worker, tmp_path: Path) -> None:
    """A segmentation fault is told with all that is known, the part folder is gone, the next call works."""
    pid = worker.call("echo", {}).data["pid"]
    with pytest.raises(WorkerDied) as caught:
        worker.call("crash", {"scratch": str(tmp_path / "part")})
    for word in ("SIGSEGV", "crash", "hall/broken.mp4", "00:01:02.5", "error while decoding MB 3 4"):
        assert word in caught.value.message
    assert not (tmp_path / "part").exists()
    assert worker.call("echo", {}).data["pid"] != pid


def test_exit_code_is_told(worker: Worker) -> None:
    """A child that exits without an answer is told with its code."""
    with pytest.raises(WorkerDied, match="exit code 7"):
        worker.call("crash", {"exit": 7})


@posix
def test_kill_by_pid(worker: Worker, tmp_path: Path) -> None:
    """A child killed from outside while working is WorkerDied; killed while idle it is just replaced."""

    def murder() -> None:
        os.kill(pid_in(tmp_path / "part"), signal.SIGKILL)

    later(murder)
    with pytest.raises(WorkerDied, match="SIGKILL"):
        worker.call("work", {"scratch": str(tmp_path / "part")})
    assert not (tmp_path / "part").exists()
    os.kill(worker.call("echo", {}).data["pid"], signal.SIGKILL)
    time.sleep(0.1)
    assert worker.call("echo", {}).data["said"] == {}


def test_cancel_within_a_second(worker: Worker, tmp_path: Path) -> None:
    """A set event ends the call in under a second; process and part folder are gone by then."""
    part, cancel, at = tmp_path / "part", threading.Event(), [0.0]

    def stop() -> None:
        wait_for((part / "pid").exists)
        at[0] = time.monotonic()
        cancel.set()

    later(stop)
    worker.start()
    pid = worker.pid or 0
    with pytest.raises(Cancelled):
        worker.call("work", {"scratch": str(part)}, cancel=cancel)
    assert time.monotonic() - at[0] < 1.0
    assert not part.exists()
    assert not alive(pid)
    assert worker.call("echo", {"again": 1}).data["said"] == {"again": 1}


@posix
def test_cancel_of_a_stopped_child(worker: Worker) -> None:
    """Even a child that is stopped and reads nothing is cancelled within a second."""
    cancel = threading.Event()
    worker.start()
    os.kill(worker.pid or 0, signal.SIGSTOP)
    threading.Timer(0.2, cancel.set).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        worker.call("echo", {"text": "x" * 1_000_000}, cancel=cancel)
    assert time.monotonic() - began < 1.2


def test_cancel_before_the_start(worker: Worker, tmp_path: Path) -> None:
    """An event that is already set starts nothing."""
    (tmp_path / "part").mkdir()
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        worker.call("echo", {"scratch": str(tmp_path / "part")}, cancel=cancel)
    assert worker.pid is None
    assert not (tmp_path / "part").exists()


def test_linked_scratch_is_left_alone(worker: Worker, tmp_path: Path) -> None:
    """A part folder that is a link to elsewhere is never followed."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    (tmp_path / "part").symlink_to(tmp_path / "precious")
    with pytest.raises(WorkError):
        worker.call("fail", {"scratch": str(tmp_path / "part")})
    assert (tmp_path / "precious" / "file").exists()


def test_hang_guard(tmp_path: Path) -> None:
    """Progress that never changes counts as a hang, however often it is repeated."""
    with Worker(jobs="standin_jobs", stall=1.0) as worker:
        worker.call("echo", {})
        began = time.monotonic()
        with pytest.raises(WorkerDied, match=r"hung.*hall/a\.mp4 at 00:00:07"):
            worker.call("stuck", {})
        assert time.monotonic() - began < 3
        assert worker.call("echo", {}).data["said"] == {}


def test_timeout(worker: Worker) -> None:
    """A job that takes longer than its time-out is ended."""
    with pytest.raises(WorkerDied, match=r"0\.5 s"):
        worker.call("stuck", {}, timeout=0.5)


def test_exception_in_on_progress_ends_the_job(worker: Worker) -> None:
    """A caller's own exception leaves no job running behind its back."""
    worker.start()
    pid = worker.pid or 0

    def broken(_: dict[str, Any]) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError):
        worker.call("stuck", {}, on_progress=broken)
    assert not alive(pid)
    assert worker.call("echo", {"a": 1}).data["said"] == {"a": 1}


def test_threads_queue_up(worker: Worker) -> None:
    """Calls from several threads each get their own answer."""
    answers: dict[int, Any] = {}
    threads = [
        later(lambda i=i: answers.update({i: worker.call("echo", {"i": i}).data["said"]["i"]}))  # type: ignore[misc]
        for i in range(12)
    ]
    for thread in threads:
        thread.join()
    assert answers == {i: i for i in range(12)}


def test_a_queued_call_can_be_cancelled(worker: Worker) -> None:
    """A call that waits for its turn is cancelled too, and the running one goes on."""
    done: list[Any] = []
    first = later(lambda: done.append(worker.call("steps", {"steps": 10, "pause": 0.1}).data))
    time.sleep(0.3)
    cancel = threading.Event()
    threading.Timer(0.1, cancel.set).start()
    with pytest.raises(Cancelled):
        worker.call("echo", {}, cancel=cancel)
    first.join()
    assert done == [{"done": True}]


def test_close_stops_a_running_call(tmp_path: Path) -> None:
    """Closing from another thread ends the running call as cancelled; a later call starts afresh."""
    worker, part = Worker(jobs="standin_jobs"), tmp_path / "part"

    def close() -> None:
        pid_in(part)
        worker.close()

    later(close)
    with pytest.raises(Cancelled):
        worker.call("work", {"scratch": str(part)})
    assert not part.exists()
    assert worker.pid is None
    assert worker.call("echo", {"a": 1}).data["said"] == {"a": 1}
    worker.close()


@posix
def test_memory_limit() -> None:
    """A job that asks for more than the limit fails; the child survives, and dumps no core."""
    with Worker(jobs="standin_jobs", memory=512 * 1024**2) as worker:
        with pytest.raises(WorkError, match="MemoryError"):
            worker.call("greedy", {"bytes": 2 * 1024**3})
        assert worker.call("core", {}).data["core"] == [0, 0]


PARENT = """
import sys, threading
from workbench.media.worker import Worker
worker = Worker(jobs="standin_jobs")
# the thread that makes the first call ends: the child must outlive it
first = threading.Thread(target=lambda: worker.call("echo", {}))
first.start(); first.join()
worker.call(sys.argv[1], {"scratch": sys.argv[2]})
"""


def parent(verb: str, scratch: Path) -> subprocess.Popen[bytes]:
    """A process of its own that works with a worker."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE)])}
    arguments = [sys.executable, "-c", PARENT, verb, str(scratch)]
    return subprocess.Popen(arguments, env=env, stderr=subprocess.PIPE, preexec_fn=heed_interrupts)


def heed_interrupts() -> None:
    """A shell starts background jobs with Ctrl-C ignored; what we start here must hear it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@posix
def test_killed_parent_takes_its_child_along(tmp_path: Path) -> None:
    """After kill -9 of the parent in the middle of a job, the child is gone at once."""
    with parent("work", tmp_path / "part") as process:
        pid = pid_in(tmp_path / "part")
        assert alive(pid)
        process.kill()
    began = time.monotonic()
    wait_for(lambda: not alive(pid), 2)
    assert time.monotonic() - began < 1


@posix
def test_ctrl_c_cancels(tmp_path: Path) -> None:
    """Ctrl-C in the parent is a cancel: child and part folder are gone, the error is Cancelled."""
    with parent("work", tmp_path / "part") as process:
        pid = pid_in(tmp_path / "part")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
    assert b"Cancelled" in err
    assert not alive(pid)
    assert not (tmp_path / "part").exists()


def test_nothing_heavy_in_the_parent() -> None:
    """Importing the worker loads neither av nor numpy."""
    code = "import sys, workbench.media.worker; print([m for m in ('av', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_descriptor_is_leaked(worker: Worker) -> None:
    """Children that die give their pipes back."""
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    worker.call("echo", {})
    before = descriptors()
    for _ in range(5):
        with pytest.raises(WorkerDied):
            worker.call("crash", {"exit": 1})
    worker.call("echo", {})
    assert wait_for(lambda: descriptors() <= before)
