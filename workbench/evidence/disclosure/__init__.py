"""The disclosure check: what would be handed out beyond what is declared, file by file, question by question.

    found = disclosure.check(bag / "data")        # check ``disclosure``; the question is each finding's place

It proves absence (ok) or names the leak (failed); what it cannot read is *not checked*, with the reason. It writes
nothing and trusts no file.

    files       the check itself: walks the folder, asks, collects
    declared    what the folder's own records declare            pictures    snapshots against masks and crops
    kinds       what a file is by its first bytes                words       which tags name places, people, devices
    container   what a walk finds: mp4, matroska, avi            video       what the demuxer counts
    jpeg, png   pictures; tiff: EXIF; xmp: XMP                   pdf         pictures, versions, layers, attached files
    text        paths and names of a machine                     notebook    outputs and widget state
    jobs        the verbs of the worker process in which all of these walks run
"""

from workbench.evidence.disclosure.files import check

__all__ = ["check"]
