"""What the dialogs of both hosts say, so that both say the same.

Sentences about failures are in texts.py. A label ends in no colon; the host adds what is usual
there. ``_`` in a label marks the key that works together with Alt.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional, Tuple

from layersplit.bridge.choices import ProviderRow
from layersplit.bridge.spoken import spoken
from layersplit.bridge.texts import N_, NN_, counted, translated

ACTION = N_("Split into _Layers…")
ACTION_AGAIN = N_("Split Again with Last Settings")
TITLE = N_("Split into Layers")
PROVIDER = N_("_Provider")
LAYERS = N_("La_yers")
AUTOMATIC = N_("_Automatic")
DESCRIPTION = N_("_Description")
DESCRIPTION_HELP = N_(
    "Say what the whole picture shows, hidden parts included. It cannot ask for single layers."
)
SCOPE = N_("_Split")
SCOPES = {
    "picture": N_("The whole picture"),
    "selection": N_("The selection"),
    "layer": N_("The active layer or group"),
}
COLOURS = N_("Co_lours")
COLOURS_CHOICES = {
    "source": N_("Of the picture: the layers add up to it exactly"),
    "model": N_("Of the provider: smoother, but not exact"),
}
HIDE_ORIGINAL = N_("_Hide the original")
ADVANCED = N_("Ad_vanced")
RESOLUTION = N_("Resolution of the model")
RESOLUTION_CHOICE = N_("%d x %d pixels")
STEPS = N_("Steps")
GUIDANCE = N_("Guidance")
SEED = N_("Seed")
NEGATIVE = N_("What to avoid")
RANDOM = N_("random")

SPLIT = N_("Split")
CANCEL = N_("Cancel")
CLOSE = N_("Close")
ENTER_KEY = N_("Enter _Key…")
SET_UP = N_("Set _Up…")
MODEL = N_("_Model…")
AGREE = N_("I a_gree that my pictures are sent to %s")

LOOKING = N_("Looking which providers are ready…")
READY_HERE = N_("Ready. The picture stays on this computer.")
READY = N_("Ready.")
SENT = N_(
    "The picture is sent to %s, reduced to what the model can use, without metadata and file name."
)
KEPT = N_("How long it is kept there: %s.")

FREE = N_("Free.")
NO_PRICE = N_("The service says what it costs; no fixed price is published.")
PRICE = N_("About $%(sum).2f, as published on %(date)s.")
PRICE_EACH = N_("About $%(sum).2f: %(count)d layers at $%(each).2f, as published on %(date)s.")
TAKES_SECONDS = N_("Takes about %d s.")
TAKES_MINUTES = N_("Takes about %d min.")

CONVERTED = N_(
    "This picture is %s. Layers are made in RGB and converted, so they differ from it slightly."
)
BECOMES_RGB = N_("This picture has indexed colours. It becomes RGB; one Undo brings them back.")

PREPARING = N_("Reading the picture")
INSERTING = N_("Putting the layers into the document")
STOPPING = N_("Stopping…")
WAITING = N_("Waiting for another split to finish")
RUN_TITLE = N_("Splitting “%s”")
GROUP = N_("%s (layers)")

DONE = N_("%(layers)s in %(seconds)d s")
EMPTY_LAYER = (
    N_("The layer “%s” has no pixels."),
    N_("There is nothing to split; the document is as it was."),
    N_("Choose a layer with pixels, or split the whole picture."),
)
HIDDEN_LAYER = (
    N_("The layer “%s” is hidden."),
    N_("Its picture is not up to date, so it was not split."),
    N_("Show the layer, then split it."),
)
NOT_AGREED = (
    N_("Nobody has agreed yet that pictures are sent to %s."),
    N_("Nothing was sent."),
    N_("Split one picture with it from the dialog, which says what is sent; then scripts can."),
)
CLOSED_MEANWHILE = (
    N_("“%s” was closed before its layers were ready."),
    N_("The layers are kept in the history."),
    N_("Open them as a new document now, or later from the history."),
)
OPEN_AS_NEW = N_("Open as _New Document")
LATER = N_("_Later")
LOG = N_("Show _Log")

HISTORY = N_("Layersplit History")
HISTORY_IS_A_WINDOW = N_("The history is a window; it cannot be used without one.")
HISTORY_EMPTY = N_("No splits yet. What you split appears here.")
INSERT_AGAIN = N_("_Insert Again")
CONTINUE = N_("_Continue")
DELETE = N_("_Delete")
UNFINISHED = N_("not finished")
LAYER_COUNT = NN_("%d layer", "%d layers")

KEY_TITLE = N_("Key for %s")
KEY_HELP = N_("It is kept in the key ring of this system, or in a file that only you can read.")
KEY_LABEL = N_("_Key")
SAVE = N_("_Save")
MODEL_TITLE = N_("Model for this computer's GPU")
MODEL_LABEL = N_("_Model")
MODEL_FOLDER = N_("_Folder…")
MODEL_FILE = N_("F_ile…")
MODEL_HELP = N_(
    "A folder that holds model_index.json, a .gguf or .safetensors file, or the name of a model: "
    "%s. A model that is not here is fetched first. Empty: whatever was fetched."
)
MODEL_NAME = N_("%(name)s (%(size).1f GB, licence %(licence)s)")
FETCHING_MODEL = N_("Looking at the model, fetching it where it is not here")
FETCH_RESUMES = N_("A fetch that is stopped goes on from there the next time.")
USE = N_("_Use")
NOTHING_TO_SET_UP = (
    N_("This copy of the plug-in came without the part that splits pictures."),
    N_("It cannot be set up from here; nothing was changed."),
    N_("Fetch Layersplit as a whole, and run in its folder: python3 install.py"),
)
SETTING_UP = N_("Setting up Layersplit")
SET_UP_FETCHES = N_("About 100 MB are fetched from the internet; it takes a minute or two.")


def readiness(row: ProviderRow) -> str:
    """One sentence: ready, or why not."""
    if row.ready:
        return translated(READY_HERE if row.sends_to is None else READY)
    said = row.reason or ""
    if row.key_variable is not None:  # the rest is for the command line; here is a button for it
        said = said.split(". ")[0].rstrip(".") + "."
    return spoken(said)


def button(row: ProviderRow) -> str:
    """The label of the button beside that sentence, which helps to make it ready."""
    if row.key_variable is not None:
        return ENTER_KEY
    return MODEL if row.has_models else SET_UP


def model_help(row: ProviderRow) -> str:
    """What can be entered as a model."""
    names = [
        translated(MODEL_NAME) % {"name": name, "size": size / 1e9, "licence": licence}
        for name, size, licence in row.models
    ]
    return translated(MODEL_HELP) % ", ".join(names)


def set_up_fetches(row: ProviderRow) -> str:
    """How much comes when the set-up begins."""
    return translated(SET_UP_FETCHES) if row.missing_part is None else spoken(row.reason or "")


def price(row: ProviderRow, layers: Optional[int]) -> str:
    """What a run costs, in words."""
    total = row.price_for(layers)
    if total is None:
        return translated(NO_PRICE)
    if total == 0.0 or row.price_usd is None:
        return translated(FREE)
    if row.price_unit == "layer":
        count = round(total / row.price_usd)
        facts = {"sum": total, "count": count, "each": row.price_usd, "date": row.price_date}
        return translated(PRICE_EACH) % facts
    return translated(PRICE) % {"sum": total, "date": row.price_date}


def sending(row: ProviderRow) -> str:
    """What is sent to whom; empty when nothing leaves the computer."""
    if row.sends_to is None:
        return ""
    sentence = translated(SENT) % translated(row.sends_to)
    if row.retention:
        sentence += " " + translated(KEPT) % translated(row.retention)
    return sentence


def agreement(row: ProviderRow) -> str:
    """What the user ticks before the first picture goes there, with the mark of its key."""
    return translated(AGREE) % translated(row.sends_to or "")


def duration(seconds: Optional[float]) -> str:
    """How long it will take; empty when nobody knows."""
    if seconds is None:
        return ""
    if seconds < 90:
        return translated(TAKES_SECONDS) % max(1, round(seconds))
    return translated(TAKES_MINUTES) % round(seconds / 60)


def elapsed(seconds: float) -> str:
    """``0:07``, ``12:05``."""
    return "%d:%02d" % divmod(int(seconds), 60)


def label(text: str) -> str:
    """A label for toolkits without keys to press: translated, without the mark."""
    return translated(text).replace("_", "", 1)


def qt_label(text: str) -> str:
    """A label with Qt's mark."""
    return qt_marked(translated(text))


def qt_marked(text: str) -> str:
    """The same for a text that is translated already."""
    return text.replace("&", "&&").replace("_", "&", 1)


def gtk_label(text: str) -> str:
    """A label with GTK's mark, which is ours."""
    return translated(text)


def closed_meanwhile(title: str) -> Tuple[str, str, str]:
    """Fact, meaning and remedy when a document went away while its job ran."""
    return _three(CLOSED_MEANWHILE, title)


def not_agreed(row: ProviderRow) -> Tuple[str, str, str]:
    """A picture would go to a service that the user was not told of."""
    return _three(NOT_AGREED, translated(row.sends_to or ""))


def empty_layer(name: str) -> Tuple[str, str, str]:
    """There is nothing on the layer."""
    return _three(EMPTY_LAYER, name)


def hidden_layer(name: str) -> Tuple[str, str, str]:
    """The layer is not shown."""
    return _three(HIDDEN_LAYER, name)


def _three(sentences: Tuple[str, str, str], name: str) -> Tuple[str, str, str]:
    fact, meaning, remedy = sentences
    return translated(fact) % name, translated(meaning), translated(remedy)


def nothing_to_set_up() -> Tuple[str, str, str]:
    """The plug-in came alone."""
    fact, meaning, remedy = NOTHING_TO_SET_UP
    return translated(fact), translated(meaning), translated(remedy)


def done(layers: int, seconds: float, report: Mapping[str, Any]) -> str:
    """What a finished run says, in one or two short sentences."""
    facts = {"layers": counted(LAYER_COUNT, layers), "seconds": max(1, round(seconds))}
    text = translated(DONE) % facts
    notes = report.get("notes")
    if isinstance(notes, list) and notes:
        text += "\n" + spoken(str(notes[0]))
    return text
