"""One stack into the file or folder that the user named."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any, BinaryIO, Final

from layersplit.domain import LayerStack, Picture, Pixels
from layersplit.export.atomic import new_file, new_folder, parent_made
from layersplit.export.contents import Contents, writable_layers
from layersplit.export.merged import merged_picture
from layersplit.export.names import file_slug
from layersplit.export.openraster import write_openraster
from layersplit.export.png_set import is_earlier_result, write_png_set, write_zip
from layersplit.export.samples import FLOATS_NOTE, raw_bytes, sample_bytes
from layersplit.export.shelf import Folder
from layersplit.export.target import Form, check_target, explained
from layersplit.export.work import Work, working
from layersplit.pixels.colour import document_colours
from layersplit.pixels.profile_writer import srgb_profile
from layersplit.run import Run

_MAX_FOLDERS: Final = 10_000
AS_SRGB_NOTE: Final = (
    "Krita and GIMP show OpenRaster files as 8-bit sRGB, although the layers hold the document's "
    "own depth and profile; for Krita and Photoshop a .psd keeps both."
)


def write(
    stack: LayerStack, source: Picture, out: Path, *, run: Run, report: dict[str, Any]
) -> Path:
    """Write ``stack`` to ``out`` (.ora, .psd, .psb, .zip, or a folder) and return what was written.

    A file replaces the one that is there. A folder that holds other things gets a new folder inside
    it, which is then what is returned. ``source``: the picture that was split. ``report``: the
    object of ``--json``; a sentence is added to its "notes" where the format forces a conversion.

    Nothing appears under the final name before everything is on the disk. Raises InputError when
    the place cannot be written, and Cancelled.
    """
    form = check_target(out, stack.extent)
    layers = writable_layers(stack)
    report["notes"] = [*report.get("notes", []), *_notes(form, source)]
    run.progress("export", 0.0, "Writing the layers")
    total_bytes = sum(raw_bytes(layer.pixels) for layer in layers) + raw_bytes(source.pixels)
    with explained(out):
        target = _free_folder(out, stack.title) if form is Form.FOLDER else out
        with (
            parent_made(target),
            working(run, total_bytes) as work,
            merged_picture(stack, source, report, target.absolute().parent, work) as merged,
        ):
            contents = Contents(
                extent=stack.extent,
                title=stack.title,
                icc=stack.icc or _implied_profile(source.pixels),
                layers=layers,
                merged=merged,
                report=report,
            )
            if form is Form.FOLDER:
                with new_folder(target, is_earlier_result) as folder:
                    write_png_set(Folder(folder), contents, work)
                    run.check()  # the last moment at which nothing has to be taken back
            else:
                with new_file(target) as file:
                    _write_file(form, file, contents, work)
                    run.check()
    return target


def _write_file(form: Form, file: BinaryIO, contents: Contents, work: Work) -> None:
    match form:
        case Form.ORA:
            write_openraster(file, contents, work)
        case Form.PSD | Form.PSB:
            from layersplit.export.psd import write_psd  # noqa: PLC0415 - psd-tools takes a while

            write_psd(file, contents, work, large=form is Form.PSB)
        case Form.ZIP:
            write_zip(file, contents, work)
        case Form.FOLDER:
            raise AssertionError("A folder is no file")


def _free_folder(out: Path, title: str) -> Path:
    """``out``, or a new folder in it where it holds what is not ours to replace."""
    if not out.is_dir() or not any(out.iterdir()) or is_earlier_result(out):
        return out
    wanted = file_slug(title, "layers")
    for number in range(1, _MAX_FOLDERS):
        inside = out / (wanted if number == 1 else f"{wanted}-{number}")
        if not inside.exists():
            return inside
    raise FileExistsError(errno.EEXIST, "It is full of results")


def _implied_profile(pixels: Pixels) -> bytes | None:
    """What a file says where the document has no profile.

    8 bits without a profile mean sRGB everywhere. With 16 bits Krita 5 stops at a dialog for every
    layer and asks whether they are linear, so the profile is spelled out.
    """
    return None if sample_bytes(pixels) == 1 else srgb_profile()


def _notes(form: Form, source: Picture) -> list[str]:
    """What the user should know of this form for this document."""
    notes = [FLOATS_NOTE] if source.pixels.dtype.kind == "f" else []
    if form is Form.ORA:
        deep = sample_bytes(source.pixels) > 1
        if deep or document_colours(source.icc).profile is not None:
            notes.append(AS_SRGB_NOTE)
    return notes
