"""The users file: hashed passwords, changes that change nothing else, and misspelt rules that are errors."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from tests.cli import ROOT, command
from workbench.core.errors import NotAllowed, RequestError, SourceError, WorkError
from workbench.server import users
from workbench.server.policy import ANYONE, Policy, check, check_camera
from workbench.server.tokens import Tokens
from workbench.server.users import User

HASH = "scrypt$1024$8$1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def test_a_password_is_kept_as_a_hash_that_only_it_matches() -> None:
    """The hash holds neither the password nor the same salt twice, and matches that password alone."""
    one, other = users.hashed("prünelle"), users.hashed("prünelle")
    assert "prünelle" not in one and one != other
    assert users.matches("prünelle", one) and not users.matches("prunelle", one)


def test_adding_a_user_leaves_all_else_as_it_was(tmp_path: Path) -> None:
    """Comments, masks and other users stay; a user of the same name is replaced; nobody else can read the file."""
    path = tmp_path / "users.toml"
    path.write_text('# ours\n[cameras."a [b]"]\nmasks = [\n  [[0,0],[1,0],[1,1]],\n]\n', encoding="utf-8")
    for name, rights in (("anna", ["view"]), ("b.c@d", ["export"]), ("anna", ["live", "view"])):
        users.add(path, name, "x", rights, ["a [b]"])
    read = users.read(path)
    assert path.read_text(encoding="utf-8").startswith("# ours\n")
    assert {name: user.rights for name, user in read.users.items()} == {"b.c@d": {"export"}, "anna": {"view", "live"}}
    assert len(read.masks["a [b]"]) == 1
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize(
    ("name", "password", "rights"),
    [("", "x", []), ("a b", "x", []), ("a\n[users.b]", "x", []), ("a", "", []), ("a", "x", ["unmask"])],
    ids=["no name", "blank", "injected table", "no password", "misspelt right"],
)
def test_what_cannot_be_a_user_is_refused(tmp_path: Path, name: str, password: str, rights: list[str]) -> None:
    """Nothing is written for a name, password or right that is none."""
    path = tmp_path / "users.toml"
    with pytest.raises(RequestError):
        users.add(path, name, password, rights, ["*"])
    assert not path.exists()


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A place that is no place for a file is an error of ours with advice, at the command too; folders are made."""
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "users.toml", tmp_path, tmp_path / "a\0b"):
        with pytest.raises((SourceError, WorkError)) as caught:
            users.add(path, "anna", "x", ["view"], ["*"])
        assert caught.value.advice.startswith("Name a ")
    words = [*command(), "user", str(tmp_path / "file" / "users.toml"), "anna"]
    done = subprocess.run(words, cwd=ROOT, input="x\n", capture_output=True, text=True, check=False)
    assert done.returncode == WorkError.exit_code and "cannot be written" in done.stderr
    assert "WORKBENCH_DEBUG" not in done.stderr and "Name a file in a folder" in done.stderr
    users.add(tmp_path / "new" / "users.toml", "anna", "x", ["view"], ["*"])
    assert set(users.read(tmp_path / "new" / "users.toml").users) == {"anna"}


@pytest.mark.parametrize(
    "text",
    [
        "users = 3",
        "[user.anna]\n",
        "[users.anna]\n",
        f'[users.anna]\npassword = "{HASH}"\nrigths = []',
        f'[users.anna]\npassword = "{HASH}"\nrights = ["all"]',
        '[users.anna]\npassword = "secret"',
        '[users.anna]\npassword = "scrypt$3$8$1$AAAA$AAAA"',
        '[users.anna]\npassword = "scrypt$1073741824$8$1$AAAAAAAAAAAAAAAA$AAAA"',
        "[cameras.hall]\nmask = []",
        "[cameras.hall]\nmasks = [[[0,0],[1,1]]]",
        "[cameras.hall]\nmasks = [[[0,0],[5,0],[1,1]]]",
        "masks = [",
    ],
)
def test_a_misspelt_rule_is_an_error(text: str) -> None:
    """A users file that says something else than it should is refused whole."""
    with pytest.raises(RequestError):
        users.parsed(text)


def test_a_password_is_in_no_repr() -> None:
    """A user's repr does not hold the hash."""
    assert HASH not in repr(User(name="a", password=HASH))


def test_rules_are_read_again_and_fail_closed(tmp_path: Path) -> None:
    """A changed file counts at once; while it cannot be read, nobody has any right."""
    path = tmp_path / "users.toml"
    path.write_text(f'[users.a]\npassword = "{HASH}"\nrights = ["view"]\n', encoding="utf-8")
    policy = Policy(path)
    assert policy.user("a") is not None
    path.write_text('[cameras."*"]\nmasks = [[[0,0],[1,0],[1,1]]]\n', encoding="utf-8")
    assert policy.user("a") is None and len(policy.forced(ANYONE, "any")) == 1
    path.write_text("[users.a]\nrights = 3\n", encoding="utf-8")
    with pytest.raises(NotAllowed):
        policy.user("a")
    with pytest.raises(NotAllowed):
        policy.forced(User(name="a", rights=frozenset({"unmasked"})), "any")
    path.unlink()
    with pytest.raises(NotAllowed):
        policy.user("a")


def test_a_server_does_not_start_without_its_rules(tmp_path: Path) -> None:
    """No users file, or a mask on a camera that is not there, and nothing is served."""
    with pytest.raises(SourceError):
        Policy(tmp_path / "none.toml")
    path = tmp_path / "users.toml"
    path.write_text("[cameras.entrence]\nmasks = []\n", encoding="utf-8")
    with pytest.raises(RequestError, match="entrence"):
        Policy(path).watch(lambda: {"entrance"})


def test_a_misspelt_mask_lets_nobody_in(tmp_path: Path) -> None:
    """A forced mask on a camera that is not there would force nothing: such rules are no rules, at any time."""
    path = tmp_path / "users.toml"
    path.write_text("[cameras.entrance]\nmasks = []\n", encoding="utf-8")
    policy = Policy(path)
    policy.watch(lambda: {"entrance"})
    assert policy.user("a") is None
    path.write_text("[cameras.entrence]\nmasks = []\n# longer\n", encoding="utf-8")
    with pytest.raises(NotAllowed):
        policy.user("a")


def test_rights_are_only_those_given() -> None:
    """A user without a right or camera is refused; nothing is implied by anything else."""
    user = User(name="a", rights=frozenset({"export"}), cameras=("hall",))
    check(user, "export")
    check_camera(user, "hall")
    for refused in (lambda: check(user, "view"), lambda: check(user, "export", "live")):
        with pytest.raises(NotAllowed):
            refused()
    with pytest.raises(NotAllowed):
        check_camera(user, "Hall")


def test_a_token_ends_with_its_time_or_when_closed() -> None:
    """A token names its user until it is over or closed; other texts name nobody."""
    clock = [0.0]
    tokens = Tokens(hours=1, now=lambda: clock[0])
    one, other = tokens.issue("anna"), tokens.issue("anna")
    assert tokens.user(one.value) == tokens.user(other.value) == "anna"
    assert tokens.user(one.value[:-1]) is None and tokens.user("") is None and tokens.user("\ud800") is None
    tokens.close(one.value)
    assert tokens.user(one.value) is None and tokens.user(other.value) == "anna"
    clock[0] = 3600.0
    assert tokens.user(other.value) is None
    assert other.value not in repr(other) and one.value not in repr(vars(tokens))


def test_tokens_are_bounded() -> None:
    """Somebody who asks for tokens without end only loses his own oldest ones."""
    tokens = Tokens()
    kept = tokens.issue("bob")
    first = tokens.issue("anna")
    for _ in range(1_000):
        tokens.issue("anna")
    assert tokens.user(first.value) is None and tokens.user(kept.value) == "bob"
