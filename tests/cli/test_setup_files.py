"""What a clean clone is set up from: locks that name no place, with a hash for every file."""

import re
import tomllib
from fnmatch import fnmatch

import pytest

from portal import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-node.lock")
ADDRESS = re.compile(r"\w+://|--(extra-)?index-url|--find-links|registry\.", re.IGNORECASE)


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", [*LOCKS, "static/.npmrc"])
def test_no_lock_file_names_an_address(name: str):
    assert not ADDRESS.search((ROOT / name).read_text())


def test_the_lock_of_the_assets_names_no_place_to_download_from():
    text = (ROOT / "static/package-lock.json").read_text()
    assert '"integrity"' in text
    assert '"resolved"' not in text


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_hashes(name: str):
    blocks = re.split(r"^(?=[a-z0-9])", (ROOT / name).read_text(), flags=re.MULTILINE)[1:]
    assert blocks
    assert not [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block]


def test_everything_the_project_asks_for_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[\[<>=; ]", line)[0] for line in project["dependencies"]}
    assert wanted <= pins("requirements.lock").keys()


def test_the_tools_see_the_same_versions_as_the_portal():
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


def test_the_image_is_set_up_from_every_file_that_the_set_up_reads():
    """Its first step copies only what seldom changes; a lock left out would stop the build."""
    first = (ROOT / "deploy/Dockerfile").read_text().partition("RUN python deploy/bootstrap.py")[0]
    copied = [
        word for line in first.splitlines() if line.startswith("COPY") for word in line.split()
    ]
    missing = [name for name in LOCKS if not any(fnmatch(name, word) for word in copied)]
    assert missing == []


def test_no_secret_of_the_installation_goes_into_the_image_or_into_git():
    """compose reads deploy/pontual.env, which lies in the folder that the image is made from."""
    for name in (".dockerignore", ".gitignore"):
        assert "**/*.env" in (ROOT / name).read_text().splitlines(), name
