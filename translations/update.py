"""Bring the catalogues up to date: python3 translations/update.py, in the tests' environment.

Reads every text that is marked with N_, NN_ or _ (bridge, Krita's and GIMP's plug-in), and the
sentences of the core, which are not marked: the worker speaks English, and the hosts translate what
it says by pattern (see layersplit/bridge/spoken.py). Writes

    translations/layersplit.pot, translations/de.po           for translators
    core/layersplit/bridge/languages/de/ ... /layersplit.mo    for gettext
    core/layersplit/bridge/languages/de/sentences.json         for the worker's sentences

To add a language, copy layersplit.pot to CODE.po, translate it, and run this.
"""

from __future__ import annotations

import ast
import io
import itertools
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).parent.parent
HERE: Final = ROOT / "translations"
CORE: Final = ROOT / "core" / "layersplit"
COMPILED: Final = CORE / "bridge" / "languages"
MARKED: Final = (CORE / "bridge", ROOT / "krita_plugin", ROOT / "gimp_plugin")
KEYWORDS: Final = {"N_": None, "NN_": (1, 2), "_": None}
SPEAKING: Final = {"progress": (2,), "tell": (1,), "announce": (0,), "now": (0, 1), "done": (0, 1),
                   "say": (0,)}  # fmt: skip
"""Functions whose arguments at these places are sentences for the user."""
SENTENCES: Final = ("fact", "meaning", "remedy", "retention", "cancel_note", "failure_note",
                    "title", "sends_to")  # fmt: skip
"""Keyword arguments that are, unless they are one word: a name."""
TITLES: Final = ("LayersplitError", "InputError", "ProviderError", "RefusedError", "SetupError",
                 "SubmissionUnknownError", "UnreachableError")  # fmt: skip
WHOLE: Final = (
    "remote/words.py", "remote/waiting.py", "providers/hosted.py", "local/outlook.py",
)  # fmt: skip
"""Files in which every text is one."""
NOT_FOR_HOSTS: Final = ("cli", "local", "export/psd", "export/target.py",
                        "bridge/setup/uninstall.py", "bridge/setup/command.py",
                        "bridge/setup/parcels.py", "reading/mask.py", "reading/refusals.py",
                        "reading/source.py")  # fmt: skip
"""What only the command line says: about files, and about models that are fetched."""
SHORTEST: Final = 7
"""A pattern with fewer letters of its own would fit what it does not mean."""


NAMED: Final = re.compile(r"\{[a-z]+\}")


@dataclass(frozen=True)
class Text:
    """One text to translate. ``place``: where it stands; ``is_spoken``: by the worker."""

    forms: tuple[str, ...]
    place: tuple[str, int]
    is_spoken: bool = False


def texts() -> list[Text]:
    """Every text, once, in the order of the files."""
    found: dict[tuple[str, ...], Text] = {}
    for text in [*marked_texts(), *spoken_texts()]:
        found.setdefault(text.forms, text)
    return list(found.values())


def marked_texts() -> Iterator[Text]:
    """What is marked."""
    for folder in MARKED:
        for path in sorted(folder.rglob("*.py")):
            if "_vendor" in path.parts:
                continue
            for line, message, _comments, _context in extract_from_file("python", path, KEYWORDS):
                forms = message if isinstance(message, tuple) else (message,)
                yield Text(forms, (path.relative_to(ROOT).as_posix(), line))


def spoken_texts() -> Iterator[Text]:
    """The core's sentences, with {0}, {1} ... for what is filled in."""
    for path in sorted(CORE.rglob("*.py")):
        inside = path.relative_to(CORE).as_posix()
        if inside in WHOLE:
            find = _every_text
        elif inside.startswith(NOT_FOR_HOSTS) or (
            inside.startswith("bridge/") and not inside.startswith("bridge/setup/")
        ):
            continue
        else:
            find = _sentences_of
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            for value in find(node):
                english = _pattern(value)
                if english is not None and _says_something(english):
                    place = (path.relative_to(ROOT).as_posix(), value.lineno)
                    yield Text((english,), place, is_spoken=True)


def _sentences_of(node: ast.AST) -> Iterator[ast.expr]:
    if not isinstance(node, ast.Call):
        return
    name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
    places = SPEAKING.get(name.lstrip("_"), (0,) if name in TITLES else ())
    for place in places:
        if place < len(node.args):
            yield from _choices(node.args[place])
    for keyword in node.keywords:
        if keyword.arg in SENTENCES:
            yield from filter(_is_no_name, _choices(keyword.value))


def _is_no_name(value: ast.expr) -> bool:
    return not isinstance(value, ast.Constant) or " " in str(value.value)


def _every_text(node: ast.AST) -> Iterator[ast.expr]:
    """The texts below ``node`` that are no parts of others, docstrings and names apart."""
    for child in ast.iter_child_nodes(node):
        is_text = isinstance(child, ast.JoinedStr) or (
            isinstance(child, ast.Constant) and isinstance(child.value, str) and " " in child.value
        )
        if is_text and not isinstance(node, (ast.Expr, ast.JoinedStr, ast.FormattedValue)):
            written = ast.unparse(child)
            if (
                "%s" not in written and "} {" not in written and "/s" not in written
            ):  # no table, no log
                yield child


def _choices(value: ast.expr) -> Iterator[ast.expr]:
    """Both sides of ``a if b else c``."""
    if isinstance(value, ast.IfExp):
        yield from _choices(value.body)
        yield from _choices(value.orelse)
    else:
        yield value


def _pattern(value: ast.expr) -> str | None:
    """A text, an f-string, or ``"text" % facts`` as a pattern; None for anything else."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mod):
        english = _pattern(value.left)
        if english is None:
            return None
        count = english.count("%s") + english.count("%d")
        for number in range(count):
            place = min(filter(lambda at: at >= 0, (english.find("%s"), english.find("%d"))))
            english = f"{english[:place]}{{{number}}}{english[place + 2 :]}"
        return english
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        numbers = itertools.count()
        return NAMED.sub(lambda _: f"{{{next(numbers)}}}", value.value)
    if isinstance(value, ast.JoinedStr):
        parts, number = [], 0
        for part in value.values:
            if isinstance(part, ast.Constant):
                parts.append(str(part.value))
            else:
                parts.append(f"{{{number}}}")
                number += 1
        return "".join(parts)
    return None


def _says_something(english: str) -> bool:
    if "{" in english:
        return sum(map(str.isalpha, _without_facts(english))) >= SHORTEST
    return bool(english.strip())


def _without_facts(english: str) -> str:
    return "".join(part.split("}")[-1] for part in english.split("{"))


def read(path: Path) -> Catalog:
    """A catalogue of this folder."""
    with path.open("rb") as stream:
        return read_po(stream, locale=path.stem)


def template() -> Catalog:
    """All texts, untranslated."""
    catalogue = Catalog(project="Layersplit", version="", charset="utf-8", fuzzy=False)
    for text in texts():
        form = text.forms if len(text.forms) > 1 else text.forms[0]
        catalogue.add(form, locations=[(text.place[0], 0)])
    return catalogue


def compiled(catalogue: Catalog) -> tuple[bytes, str]:
    """Gettext's file, and the list of the worker's sentences."""
    spoken = {text.forms[0] for text in texts() if text.is_spoken}
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    pairs = [
        [message.id, message.string]
        for message in catalogue
        if message.id in spoken and message.string and not message.fuzzy
    ]
    pairs.sort(key=lambda pair: (-len(_without_facts(pair[0])), pair[0]))
    return buffer.getvalue(), json.dumps(pairs, ensure_ascii=False, indent=0) + "\n"


def missing(catalogue: Catalog) -> list[str]:
    """The texts that it does not have."""
    return [str(m.id) for m in catalogue if m.id and (not m.string or m.fuzzy or not all(m.string))]


def main() -> int:
    """Update and compile everything; returns 1 while something is not translated."""
    fresh = template()
    with (HERE / "layersplit.pot").open("wb") as stream:
        write_po(stream, fresh, include_lineno=False, width=96, omit_header=True)
    status = 0
    for path in sorted(HERE.glob("*.po")):
        catalogue = read(path)
        fresh.creation_date = catalogue.creation_date  # only texts are worth a change
        catalogue.update(fresh, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        with path.open("wb") as stream:
            write_po(stream, catalogue, include_lineno=False, width=96)
        gettext_file, sentences = compiled(catalogue)
        folder = COMPILED / path.stem
        (folder / "LC_MESSAGES").mkdir(parents=True, exist_ok=True)
        (folder / "LC_MESSAGES" / "layersplit.mo").write_bytes(gettext_file)
        (folder / "sentences.json").write_text(sentences, encoding="utf-8")
        lacking = missing(catalogue)
        print(f"{path.name}: {len(catalogue)} texts, {len(lacking)} not translated")
        for text in lacking:
            print("   ", repr(text))
        status |= bool(lacking)
    return status


if __name__ == "__main__":
    sys.exit(main())
