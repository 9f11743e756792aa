"""Re-performing an export's claims from the sources: the verbs `prove` and `same_frames`, run in the worker.

    prove         the entries of an export's record, its files and its recordings → findings `ledger` and `masks`
    same_frames   two files → whether they hold the same pictures at the same times, and where they first differ

Nothing here trusts the record: each claim is held against the recordings (`account`), each file against the claims
(`prove_file`, `prove_still`). The job of `prove` is plain data:

    spec, begin, end, dated, zone, mask_ranges, mask_keys, key_frames      as `archives.running` makes them
    places      [{name, path, index, start, used_from, declares}], by start
    placed      whether `start` is sure; else the claims' own instants place each recording, and it is said
    claims      entries with times in microseconds (see `account`);  ledger   the record's six numbers
    outputs     [{name, path, first, last, shown, contained}], as the record tells of them
    picture     the rank shown at `begin`, for one frame (null for video)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.errors import SourceError
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Range, shown, zone
from workbench.media import mask_keys
from workbench.media.account import MASKED, NAMES, UNDECODABLE, Account, Fault, Pictures, without_silent
from workbench.media.index import scan_rows
from workbench.media.notes import Notes
from workbench.media.places import recording_at
from workbench.media.prove_file import FileProof
from workbench.media.prove_still import prove_still
from workbench.media.rebuilt import Rebuilder
from workbench.media.recording import Recording
from workbench.media.retouch import stamper
from workbench.media.sameness import difference
from workbench.media.steadiness import Steadiness
from workbench.media.timed import of_job

Report = Callable[[dict[str, Any]], None]
Answer = tuple[dict[str, Any], list[bytes]]
_UNDECODABLE_RUNS = 200
"""Runs of undecodable pictures that are tried again one by one."""


def prove(job: dict[str, Any], report: Report) -> Answer:
    """See the module; SourceError or WorkError where a recording cannot be read."""
    proof = Proof(job, report)
    proof.run()
    return {"findings": proof.notes.to_data()}, []


def same_frames(job: dict[str, Any], report: Report) -> Answer:
    """Compare the files at ``a`` and ``b``; answers ``{"equal", "frames", "place", "expected", "found"}``."""
    return difference(Path(job["a"]), Path(job["b"]), report), []


class Proof:
    """One export being proven."""

    def __init__(self, job: dict[str, Any], report: Report) -> None:
        self.job, self._report = job, report
        self.spec, self.wanted = ExportSpec.from_json(job["spec"]), Range(job["begin"], job["end"])
        self.notes = Notes()
        self._timed = of_job(self.spec.masks, job)
        stamp = stamper(self.spec, zone(job["zone"]), bool(job["dated"]))
        self.rebuilder = Rebuilder(self.spec, self._timed, stamp)
        self.recordings = {place["name"]: self._recording(place) for place in job["places"]}
        claims, faults = self._claims()
        self.account = Account(claims, self.recordings)
        self._told([*faults, *self.account.faults, *self.account.holes()])

    def run(self) -> None:
        """Check everything that the record says."""
        self._sums()
        if self.job["placed"]:
            self._complete()
        self._undecodable()
        pictures = self.account.sequence()
        self._masked(pictures)
        self._keys()
        if self.spec.is_frame:
            prove_still(self.job, pictures, self.rebuilder, self.notes)
        else:
            self._files(pictures)
        if not self.notes.failed("ledger", ""):
            self.notes.ok("ledger", "", ", ".join(f"{n} {name}" for name, n in self.job["ledger"].items() if n))

    def _recording(self, place: dict[str, Any]) -> Recording:
        recording = recording_at(place)
        if self.job["placed"]:
            return recording
        # Nobody but the record says where this recording stands: its first claim does.
        for claim in self.job["claims"]:
            if claim["file"] == place["name"] and isinstance(claim["first_pts"], int):
                rank = int(recording.pts.searchsorted(claim["first_pts"]))
                if rank < len(recording.pts):
                    zero = int(claim["first"]) - (int(recording.us[rank]) - recording.zero)
                    return Recording(recording.name, recording.path, recording.index, zero)
        return recording

    def _claims(self) -> tuple[list[Any], list[Fault]]:
        """Claims about pictures that recordings hold, and what is wrong with those about what they do not hold."""
        claims, named = self.job["claims"], {claim["file"] for claim in self.job["claims"]}
        if not self.job["placed"]:
            self.notes.skip("ledger", "", "when the recordings begin, and what is missing in them: see sources-hash")
            return [claim for claim in claims if claim["fate"] != "missing"], []
        if self.spec.is_frame:
            return claims, []
        declaring = {place["name"] for place in self.job["places"] if place["declares"]}
        return without_silent(
            claims, [r for n, r in self.recordings.items() if n in named | declaring], self.spec, self.wanted
        )

    def _told(self, faults: list[Fault]) -> None:
        for fault in faults:
            self.notes.fail("ledger", "", *fault, kind="entries")

    def _sums(self) -> None:
        """The record's six numbers are the sums of its entries."""
        sums = dict.fromkeys(self.job["ledger"], 0)
        for claim in self.job["claims"]:
            sums[claim["fate"]] += claim["frames"]
        for fate, count in self.job["ledger"].items():
            if sums[fate] != count:
                self.notes.fail("ledger", "", f"number of {fate} frames", f"{sums[fate]} by the entries", str(count))

    def _complete(self) -> None:
        """Every picture of the range is accounted for, and none beside it but what a cut at key frames brings."""
        for place in self.job["places"]:
            recording = self.recordings[place["name"]]
            low, high = self._within(recording, int(place["used_from"]))
            first, last = self.account.span(recording)
            wider = self.spec.cut == "keyframe" and first <= low and high <= last
            if (first, last) != (low, high) and not wider and (low < high or first < last):
                said = [f"frames {a} to {b - 1}" if a < b else "none" for a, b in ((low, high), (first, last))]
                self.notes.fail("ledger", "", recording.name, said[0], said[1], kind="range")

    def _within(self, recording: Recording, used_from: int) -> tuple[int, int]:
        if not self.spec.is_frame:
            return recording.between(max(self.wanted.begin, used_from), self.wanted.end)
        rank = recording.between(recording.zero, self.wanted.begin + 1)[1] - 1
        return (rank, rank + 1) if recording.name == self.job["showing"] else (0, 0)

    def _undecodable(self) -> None:
        steady = Steadiness()
        for number, (recording, low, high) in enumerate(self.account.undecodable()):
            if number == _UNDECODABLE_RUNS:
                self.notes.skip("ledger", "", f"whether frames behind the {number}th undecodable run do decode")
                return
            for rank, frame in recording.frames(low, high):
                if not steady.decodes(recording, rank, frame):
                    self.notes.skip("ledger", "", "what decodes of a damaged place: each decoding gives other pictures")
                    return
                place = f"{recording.name} frame {rank}, PTS {int(recording.pts[rank])}"
                self.notes.fail("ledger", "", place, "no decoder makes a picture of it", "it decodes", kind="decodes")

    def _masked(self, pictures: Pictures) -> None:
        """The ledger calls masked what is under a mask, and nothing else."""
        under = np.zeros(len(pictures), bool)
        for number, recording in enumerate(pictures.recordings):
            mine = np.flatnonzero(pictures.number == number)
            ranks = pictures.rank[mine]
            until = np.append(recording.us, recording.end)[ranks + 1]
            if self.spec.is_frame:
                until = np.maximum(until, self.wanted.begin + 1)
            for one in self._timed:
                reached = True if one.begin is None else until > one.begin
                under[mine] |= reached & (True if one.end is None else pictures.us[mine] < one.end)
        wrong = (under != (pictures.fate == MASKED)) & (pictures.fate != UNDECODABLE)
        for at in np.flatnonzero(wrong).tolist():
            said, true = NAMES[int(pictures.fate[at])], "masked" if under[at] else "not masked"
            self.notes.fail("masks", "", pictures.place(at), true, f"{said} by the ledger", kind="fate")

    def _keys(self) -> None:
        """Each key of a moving mask was drawn on the frame that it names."""
        for fault in mask_keys.wrong(self.job.get("key_frames", ()), bool(self.job["dated"])):
            if fault.shown:
                self.notes.fail("masks", "", *fault[:3], kind="key")
            else:
                self.notes.skip("masks", "", f"{fault.place}: no recording that is here shows a frame there")
        if not self.job["placed"] and any(key.pts is not None for mask in self.spec.masks for key in mask.keys):
            self.notes.skip("masks", "", "whether keys were drawn on the frames they name: see sources-hash")

    def _files(self, pictures: Pictures) -> None:
        outputs = self.job["outputs"]
        borders = [int(np.searchsorted(pictures.us, told["first"])) for told in outputs] + [len(pictures)]
        early = pictures.part(slice(0, borders[0]))
        for at in np.flatnonzero(early.fate != UNDECODABLE).tolist():
            self.notes.fail("ledger", "", early.place(at), "in one of the files", "before the first one's begin")
        for number, told in enumerate(outputs):
            part = pictures.part(slice(borders[number], max(borders[number : number + 2])))
            self._file(told, part, number)

    def _file(self, told: dict[str, Any], part: Pictures, number: int) -> None:
        def tell(at: int) -> None:
            fraction = number / len(self.job["outputs"])
            self._report({"stage": "prove", "file": told["name"], "position": at, "fraction": fraction})

        name = told["name"]
        try:
            finished = Recording(name, Path(told["path"]), scan_rows(Path(told["path"])), 0)
        except SourceError as exc:
            words = exc.message.replace(told["path"], name)
            self.notes.fail("ledger", name, "", "a video file that can be read", words)
            return
        sure = np.flatnonzero(part.fate != UNDECODABLE)
        if not len(sure):
            self.notes.fail("ledger", name, "", "frames that the ledger tells of", "it tells of none in this file")
            return
        # An undecodable picture may be there as it is, and then the file begins or ends with it.
        for what, near in (("first", part.us[: sure[0] + 1][::-1]), ("last", part.us[sure[-1] :])):
            if told[what] not in near:
                true, said = (shown(int(t), bool(self.job["dated"])) for t in (near[0], told[what]))
                self.notes.fail("ledger", name, f"{what} frame", true, said)
        slot = round(finished.index.time_base * 1_000_000) if self.spec.format == "avi" else 0
        laid = self.account.laid(part, self.spec.gaps == "collapse", slot)
        FileProof(name, told, finished, part, laid, self.spec, self.rebuilder, self.notes, tell).run()
