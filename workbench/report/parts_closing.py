"""Parts 13 and 14: how to verify this report without its maker, and the declaration a person signs."""

from __future__ import annotations

from collections.abc import Iterator

from workbench import __version__
from workbench.evidence.claims import clock_words, count
from workbench.evidence.remote import lies_on_vms, made_by_vms
from workbench.report.material import Material
from workbench.report.model import Block, Facts, Paragraph, Section, SignatureBlock, Table
from workbench.report.parts_asked import exhibits
from workbench.report.wording import NOT_STATED, stated

COMMANDS = (
    "Each command is enough for what it says; only the last needs the program that made this report. verify.py lies "
    "in the package; where that matters, take a copy of it from elsewhere or use the system's tools."
)
FROM_ELSEWHERE = (
    "From elsewhere, not from the package: its seal (SHA-256 of tagmanifest-sha256.txt) or the fingerprint of the "
    "signer's certificate, given by the sealer by another way. Whoever may rewrite everything can make another package "
    "that is consistent in itself; only what is held from elsewhere tells the two apart."
)
DRAFT_OF_A_CERTIFICATE = (
    "This is a draft, its facts filled in by a program, of the certification that rules such as FRE 902(13) (a "
    "process) and 902(14) (a copy identified by its digest) ask of a qualified person. It is none until such a person "
    "has checked, completed and signed it. Whether it suffices is for the court to say."
)


def verifying(material: Material) -> Section:
    """Part 13."""
    state = material.state
    last, line = max(0, state.length - 1), state.length
    commands = (
        (
            "This PDF, where it carries a machine seal",
            "pdfsig REPORT.pdf",
            "Signature is Valid. Total document signed. (A self-signed key: Certificate issuer is unknown.)",
        ),
        (
            "The sealed package, in its folder, with Python 3.8 or newer alone",
            "python3 verify.py --seal SHA256 --signer FINGERPRINT",
            "… ok, 0 failed, … not checked; exit status 0",
        ),
        (
            "The same files with the system's tools",
            "sha256sum -c --quiet manifest-sha256.txt\nsha256sum -c --quiet tagmanifest-sha256.txt",
            "no output, exit status 0",
        ),
        (
            "The signature over the package, where it is signed",
            "openssl cms -verify -binary -inform DER -in signature/tagmanifest-sha256.txt.p7s "
            "-content tagmanifest-sha256.txt -nointern -certfile certificates.pem -noverify -out /dev/null",
            "CMS Verification successful",
        ),
        (
            f"That the log still begins with the {count(line, 'entry', 'entries')} this report speaks about",
            f"sed -n {line}p data/custody.jsonl | grep -c {state.head}",
            "1",
        ),
        (
            "Every claim, done again from the recordings",
            "workbench verify PACKAGE --sources DIR",
            "0 failed; exit status 0",
        ),
    )
    blocks: list[Block] = [
        Paragraph(text=COMMANDS),
        Table(head=("What", "Command", "Expected"), rows=commands, widths=(0.25, 0.47, 0.28), code=(1,)),
        Facts(
            rows=(
                ("Hash of the log's last entry", f"{state.head} (entry {last})"),
                ("Needed besides", FROM_ELSEWHERE),
                (
                    "Attached to this PDF",
                    "the report in machine-readable form, the plans and results, digests of all files",
                ),
            )
        ),
    ]
    return Section(number=13, title="How to verify this report", blocks=tuple(blocks))


def signatures(material: Material) -> Section:
    """Part 14."""
    who = material.state.identity
    signers = (f"Examiner: {stated(who.examiner)}", f"Second reviewer: {stated(who.reviewer)}")
    block = SignatureBlock(declaration="\n".join(_declaration(material)), signers=signers, seal=tuple(_seal(material)))
    note = Paragraph(text=DRAFT_OF_A_CERTIFICATE, style="small")
    return Section(number=14, title="Declaration and signatures", blocks=(block, note))


def _declaration(material: Material) -> Iterator[str]:
    state, who = material.state, material.state.identity
    recordings = sum(len(source.recordings) for source in state.sources)
    files = sum(len(export.files) + 1 for export in state.exports)
    role = ", ".join(filter(str.strip, (who.role, who.organisation))) or f"role {NOT_STATED}"
    yield f"I, {who.examiner.strip() or '____________________'} ({role}), declare for case {stated(who.number)}:"
    vms = sum(map(lies_on_vms, state.sources))
    kept = f" The recordings of {count(vms, 'source')} lie on a VMS; none of them was hashed." if vms else ""
    yield (
        f"1. Examined: {count(len(state.sources), 'source')} with {count(recordings, 'recording')}. Each recording is "
        f"identified by the SHA-256 and SHA-512 in part 3, taken when and where that part says.{kept}"
    )
    made = (
        f"{count(len(state.exports), 'export')} with {count(files, 'file')}, {count(len(state.snapshots), 'snapshot')}"
    )
    yield (
        f"2. Derived from them with forensic-workbench {_versions(material)}, by the steps in part 6: {made} "
        f"({exhibits(material) or 'no exhibit'}). Each file is identified by its SHA-256 in parts 8 to 10."
    )
    yield (
        "3. Where part 7 says copied bit-identical, the program compared the coded frames of output and recording and "
        "found them equal. Everything else in the outputs is re-encoded, masked or left out as part 7 counts."
        f"{_by_vms(material)}"
    )
    clocks = (f"{material.source_name(s.id)}: {clock_words(material.clocks[s.id].checks)}" for s in state.sources)
    yield f"4. {' '.join(clocks) or 'No clock: no source.'}"
    yield "5. The limitations and deviations in part 11 belong to this declaration."
    yield "6. I am qualified to say so by: ____________________"


def _by_vms(material: Material) -> str:
    """What the program did not do itself."""
    made = [name for name, result in material.results.items() if made_by_vms(result)]
    return (
        f" {', '.join(made)}: made by a VMS; nothing was compared, what part 7 says of frames is its word."
        if made
        else ""
    )


def _versions(material: Material) -> str:
    """The versions of the program that made the exports; this one's where nothing was exported."""
    told = (str(result["versions"].get("forensic-workbench", NOT_STATED)) for result in material.results.values())
    return ", ".join(sorted(set(told))) or __version__


def _seal(material: Material) -> Iterator[tuple[str, str]]:
    state = material.state
    yield (
        "What it is",
        "a program's signature over the finished PDF: the file is unchanged since. It signs no declaration.",
    )
    yield (
        "When this text was made",
        "not yet applied; whether there is one, and by which key, the PDF's signature panel says",
    )
    yield "Report", f"{material.id}, version {material.version}, {material.status}, made at {material.made_at}"
    yield "Speaks about", f"{count(state.length, 'entry', 'entries')} of the log, the last with the hash {state.head}"
