"""The switch of a plug-in in kritarc, as text in and text out.

Line based: kritarc is no file for configparser (keys before the first section, keys twice).
"""

from __future__ import annotations

from typing import List, Optional, Tuple

SECTION = "[python]"


def enabled(text: str, module: str) -> str:
    """``text`` with the plug-in switched on; unchanged when it is on already."""
    lines, newline = _lines(text)
    key = _key(module)
    span = _section(lines)
    if span is None:
        if lines and lines[-1] != "":
            lines.append("")
        return newline.join([*lines, SECTION, key + "true", ""])
    at = _find(lines, span, key)
    if at is None:
        lines.insert(span[0] + 1, key + "true")
    else:
        lines[at] = key + "true"
    return newline.join(lines)


def value_of(text: str, module: str) -> Optional[str]:
    """What the switch is set to, or None when it is not there."""
    lines, _ = _lines(text)
    span = _section(lines)
    at = None if span is None else _find(lines, span, _key(module))
    return None if at is None else lines[at].partition("=")[2].strip()


def restored(text: str, module: str, before: Optional[str]) -> str:
    """``text`` with the switch as it was ``before`` (None: not there)."""
    lines, newline = _lines(text)
    span = _section(lines)
    at = None if span is None else _find(lines, span, _key(module))
    if span is None or at is None:
        return text
    if before is not None:
        lines[at] = _key(module) + before
        return newline.join(lines)
    del lines[at]
    rest = lines[span[0] + 1 : span[1] - 1]
    if not any(line.strip() for line in rest):  # only our switch was in there
        del lines[span[0] : span[1] - 1]
    return newline.join(lines)


def _key(module: str) -> str:
    return "enable_%s=" % module


def _lines(text: str) -> Tuple[List[str], str]:
    newline = "\r\n" if "\r\n" in text else "\n"
    return text.split(newline) if text else [], newline


def _section(lines: List[str]) -> Optional[Tuple[int, int]]:
    """First line of the section and the line after its last one."""
    for start, line in enumerate(lines):
        if line.strip() == SECTION:
            end = start + 1
            while end < len(lines) and not lines[end].startswith("["):
                end += 1
            return start, end
    return None


def _find(lines: List[str], span: Tuple[int, int], key: str) -> Optional[int]:
    for index in range(span[0] + 1, span[1]):
        if lines[index].startswith(key):
            return index
    return None
