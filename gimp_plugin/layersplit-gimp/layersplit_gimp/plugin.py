"""What GIMP knows of us: two procedures, their arguments and their places in the menus."""

from __future__ import annotations

from typing import Any, List

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp, GLib, GObject  # noqa: E402 - the version comes first

from layersplit.bridge import texts  # noqa: E402 - as above
from layersplit.bridge.texts import N_  # noqa: E402 - as above
from layersplit.bridge.texts import translated as _  # noqa: E402 - as above
from layersplit.bridge.titles import TITLES  # noqa: E402

SPLIT = "plug-in-layersplit"
HISTORY = "plug-in-layersplit-history"
SCOPES = (
    ("auto", N_("The selection if there is one, else the whole picture")),
    ("picture", N_("The whole picture")),
    ("selection", N_("The selection")),
    ("layer", N_("The active layer or group")),
)
COLOURS = (("source", N_("Of the picture, exactly")), ("model", N_("Of the provider")))


class LayersplitPlugIn(Gimp.PlugIn):
    """Made in every process that GIMP starts for us."""

    def do_set_i18n(self, _name: str) -> bool:
        """GIMP need not look for a catalogue: what it is told is translated already."""
        return False

    def do_query_procedures(self) -> List[str]:
        """The names, for GIMP's list of plug-ins."""
        return [SPLIT, HISTORY]

    def do_create_procedure(self, name: str) -> Any:
        """Describe one procedure."""
        texts.speak(GLib.get_language_names())
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, _run, None)
        procedure.set_image_types("*")
        procedure.set_attribution("Layersplit developers", "Apache-2.0", "2026")
        if name == SPLIT:
            _describe_split(procedure)
        else:
            _describe_history(procedure)
        return procedure


def _describe_split(procedure: Any) -> None:
    mask = Gimp.ProcedureSensitivityMask
    procedure.set_sensitivity_mask(mask.DRAWABLE | mask.DRAWABLES | mask.NO_DRAWABLES)
    procedure.set_menu_label(_("Split into _Layers…"))
    procedure.add_menu_path("<Image>/Layer/")
    procedure.add_menu_path("<Image>/Filters/")
    procedure.set_documentation(
        _("Split the picture into layers that add up to it exactly"),
        _(
            "Splits the visible picture, the selection or a layer into named layers in a new "
            "group, with the embedded offline splitter, a service, or this computer's GPU."
        ),
        None,
    )
    flags = GObject.ParamFlags.READWRITE
    for name, label, help_text, entries in (
        ("provider", _("_Provider"), _("Who splits the picture"), tuple(TITLES.items())),
        ("scope", _("_Split"), _("What is split"), SCOPES),
        ("colours", _("Co_lours"), _("Where the layers' colours come from"), COLOURS),
    ):
        choice = Gimp.Choice.new()
        for number, (nick, title) in enumerate(entries):
            choice.add(nick, number, _(title), "")
        procedure.add_choice_argument(name, label, help_text, choice, entries[0][0], flags)
    procedure.add_int_argument("layers", _("La_yers"), _("0: automatic"), 0, 10, 0, flags)
    procedure.add_string_argument(
        "prompt",
        _("_Description"),
        _("What the whole picture shows, hidden parts included"),
        "",
        flags,
    )
    procedure.add_string_argument("negative-prompt", _("A_void"), _("What to avoid"), "", flags)
    hidden = False
    procedure.add_boolean_argument(
        "hide-original", _("_Hide the original"), _("Hide what was split"), hidden, flags
    )
    procedure.add_int_argument(
        "resolution",
        _("_Resolution"),
        _("Side of the model's picture; 0: default"),
        0,
        4096,
        0,
        flags,
    )
    procedure.add_int_argument("steps", _("S_teps"), _("0: default"), 0, 100, 0, flags)
    procedure.add_double_argument(
        "guidance", _("_Guidance"), _("0: default"), 0.0, 20.0, 0.0, flags
    )
    procedure.add_int_argument("seed", _("S_eed"), _("-1: random"), -1, 2**31 - 1, -1, flags)


def _describe_history(procedure: Any) -> None:
    mask = Gimp.ProcedureSensitivityMask
    procedure.set_sensitivity_mask(
        mask.DRAWABLE | mask.DRAWABLES | mask.NO_DRAWABLES | mask.NO_IMAGE
    )
    procedure.set_menu_label(_("Layersplit _History…"))
    procedure.add_menu_path("<Image>/Filters/")
    procedure.set_documentation(
        _("Past splits: insert again, continue, delete"),
        _("Shows what Layersplit has split."),
        None,
    )


def _run(procedure: Any, run_mode: Any, image: Any, drawables: Any, config: Any, _data: Any) -> Any:
    """Called by GIMP. An exception would reach the user as "execution error", so none leaves."""
    from layersplit_gimp import calls  # noqa: PLC0415 - GIMP's query needs none of it

    if procedure.get_name() == HISTORY:
        outcome = calls.history(run_mode, image)
    else:
        outcome = calls.split(run_mode, image, list(drawables), config)
    if outcome is None:
        return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)
    if not outcome:  # stopped, or already shown to the user
        return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, None)
    error = GLib.Error.new_literal(GLib.quark_from_string("layersplit"), outcome, 0)
    return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, error)
