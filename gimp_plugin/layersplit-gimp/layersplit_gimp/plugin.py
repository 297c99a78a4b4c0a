"""What GIMP knows of us: two procedures, their arguments and their places in the menus."""

from __future__ import annotations

from typing import Any, List, Tuple

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp, GLib, GObject  # noqa: E402 - the version comes first

from layersplit.bridge.texts import N_  # noqa: E402 - as above
from layersplit.bridge.titles import TITLES  # noqa: E402

CATALOGUES = "layersplit_gimp/_vendor/layersplit/bridge/languages"
"""GIMP itself translates what stands here, with our catalogues."""
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

    def do_set_i18n(self, _name: str) -> Tuple[bool, str, str]:
        """For the menus and the arguments; the dialogs look there themselves."""
        return True, "layersplit", CATALOGUES

    def do_query_procedures(self) -> List[str]:
        """The names, for GIMP's list of plug-ins."""
        return [SPLIT, HISTORY]

    def do_create_procedure(self, name: str) -> Any:
        """Describe one procedure."""
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
    procedure.set_menu_label(N_("Split into _Layers…"))
    procedure.add_menu_path("<Image>/Layer/")
    procedure.add_menu_path("<Image>/Filters/")
    procedure.set_documentation(
        N_("Split the picture into layers that add up to it exactly"),
        N_(
            "Splits the visible picture, the selection or a layer into named layers in a new "
            "group, with the embedded offline splitter, a service, or this computer's GPU."
        ),
        None,
    )
    flags = GObject.ParamFlags.READWRITE
    for name, label, help_text, entries in (
        ("provider", N_("_Provider"), N_("Who splits the picture"), tuple(TITLES.items())),
        ("scope", N_("_Split"), N_("What is split"), SCOPES),
        ("colours", N_("Co_lours"), N_("Where the layers' colours come from"), COLOURS),
    ):
        choice = Gimp.Choice.new()
        for number, (nick, title) in enumerate(entries):
            choice.add(nick, number, title, "")
        procedure.add_choice_argument(name, label, help_text, choice, entries[0][0], flags)
    procedure.add_int_argument("layers", N_("La_yers"), N_("0: automatic"), 0, 10, 0, flags)
    procedure.add_string_argument(
        "prompt",
        N_("_Description"),
        N_("What the whole picture shows, hidden parts included"),
        "",
        flags,
    )
    procedure.add_string_argument("negative-prompt", N_("A_void"), N_("What to avoid"), "", flags)
    hidden = False
    procedure.add_boolean_argument(
        "hide-original", N_("_Hide the original"), N_("Hide what was split"), hidden, flags
    )
    procedure.add_int_argument(
        "resolution",
        N_("_Resolution"),
        N_("Side of the model's picture; 0: default"),
        0,
        4096,
        0,
        flags,
    )
    procedure.add_int_argument("steps", N_("S_teps"), N_("0: default"), 0, 100, 0, flags)
    procedure.add_double_argument(
        "guidance", N_("_Guidance"), N_("0: default"), 0.0, 20.0, 0.0, flags
    )
    procedure.add_int_argument("seed", N_("S_eed"), N_("-1: random"), -1, 2**31 - 1, -1, flags)


def _describe_history(procedure: Any) -> None:
    mask = Gimp.ProcedureSensitivityMask
    procedure.set_sensitivity_mask(
        mask.DRAWABLE | mask.DRAWABLES | mask.NO_DRAWABLES | mask.NO_IMAGE
    )
    procedure.set_menu_label(N_("Layersplit _History…"))
    procedure.add_menu_path("<Image>/Filters/")
    procedure.set_documentation(
        N_("Past splits: insert again, continue, delete"),
        N_("Shows what Layersplit has split."),
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
