"""The failures: one tree, drawn at the top of the file, with three sentences each."""

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import layersplit
from layersplit import errors
from layersplit.bridge import failures
from layersplit.errors import Cancelled, LayersplitError

PACKAGE = Path(layersplit.__file__).parent


def defined_in(module):
    return [
        kind
        for kind in vars(module).values()
        if inspect.isclass(kind)
        and issubclass(kind, BaseException)
        and kind.__module__ == module.__name__
    ]


@pytest.mark.parametrize("module", [errors, failures])
def test_the_tree_in_the_docstring_is_the_tree(module):
    drawn = re.findall(r"^ *(?:[x+] )?(\w+)\b", module.__doc__, re.MULTILINE)
    names = [kind.__name__ for kind in defined_in(module)]
    assert [name for name in drawn if name in names] == names


@pytest.mark.parametrize("module", [errors, failures])
def test_what_is_exported_is_what_there_is(module):
    assert module.__all__ == sorted(kind.__name__ for kind in defined_in(module))


@pytest.mark.parametrize("kind", defined_in(errors), ids=lambda kind: kind.__name__)
def test_every_failure_has_an_exit_status_and_a_code_of_its_own(kind):
    assert kind.exit_status in {1, 2, 3, 4, 5, 130}
    assert re.fullmatch(r"[a-z-]+", kind.code)
    assert inspect.getdoc(kind)


def test_codes_are_not_shared():
    codes = [kind.code for kind in defined_in(errors)]
    assert len(codes) == len(set(codes))


def test_a_failure_keeps_its_sentences_in_order():
    error = LayersplitError("Fact.", meaning="Meaning.", remedy="Remedy.")
    assert error.sentences == ("Fact.", "Meaning.", "Remedy.")
    assert str(error) == "Fact."
    assert not issubclass(Cancelled, LayersplitError)


OWN_TREES = {
    "layersplit.bridge.messages.MalformedError",  # a line, not a person's affair
    "layersplit.bridge.failures.BridgeError",  # the hosts' twin of LayersplitError
    "layersplit.bridge.failures.InstallError",
    "layersplit.bridge.failures.JobFolderError",
    "layersplit.bridge.refusal.Refusal",
    "layersplit.bridge.setup.running.Stopped",
    "layersplit.errors.Cancelled",
    "layersplit.remote.trouble.Trouble",  # turned into one of the tree at that boundary
}
"""Exceptions that are no LayersplitError, each for a reason."""


def modules_with_exceptions():
    """Modules whose source defines a public exception class; only those are imported."""
    for found in pkgutil.walk_packages([str(PACKAGE)], "layersplit."):
        path = PACKAGE.joinpath(*found.name.split(".")[1:])
        path = path / "__init__.py" if found.ispkg else path.with_suffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                bases = {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases}
                if any(re.search(r"(Error|Exception)$", base) for base in bases):
                    yield found.name
                    break


@pytest.mark.parametrize("name", sorted(modules_with_exceptions()))
def test_no_failure_grows_outside_the_tree(name):
    for kind in defined_in(importlib.import_module(name)):
        names = {f"{base.__module__}.{base.__name__}" for base in kind.__mro__}
        private = kind.__name__.startswith("_")
        assert private or names & OWN_TREES or issubclass(kind, LayersplitError), kind
