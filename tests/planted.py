"""Secrets that the tests hand over wherever a password is wanted, and that no byte they write may hold.

All share one word, so that one look at a byte tells whether any of them is near: `swept` looks for it in everything
that a run of the tests leaves behind, `leaked` for each of them in all its spellings.
"""

from __future__ import annotations

WORD = "zaunkoenig47"
"""Letters and digits only: URLs, JSON, HTML and shells write it as it is."""
SECRETS = {
    "argument": f"grün & {WORD}/5%+ü",
    "prompt": f'prompt "{WORD}"\\<Ω>',
    "keyring": f"ring?{WORD}=den#9/é",
    "environment": f"umwelt:{WORD}/+ä~x",
    "wrong": f"falsch?>>{WORD}~8@ß/+",
    "in url": f"steht {WORD} in der URL/+ö",
}
"""Named after the way in which `test_secrets` hands them over."""
PLAIN = f"pl4nted-{WORD}!#"
"""One that may stand in a header as it is."""
