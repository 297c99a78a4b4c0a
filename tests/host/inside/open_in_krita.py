"""Open layered files in Krita's libraries, without a window, and write down what it made of them.

Run by kritarunner, which ends with status 0 whatever happens: the files tell. /work/files.json
lists the files; for each NAME this writes NAME.json (size, depth, layers bottom first), NAME.merged
and NAME.0, NAME.1 ... (raw pixels as Krita orders them, of the canvas and of each layer's bounds).
"""

import json
import traceback
from pathlib import Path

from krita import Krita

WORK = Path("/work")


def main(_arguments):
    app = Krita.instance()
    app.setBatchmode(True)
    for name in json.loads((WORK / "files.json").read_text(encoding="utf-8")):
        try:
            seen = looked_at(app, name)
        except Exception:  # noqa: BLE001 - the test shows it
            seen = {"error": traceback.format_exc()}
        (WORK / (name + ".json")).write_text(json.dumps(seen), encoding="utf-8")


def looked_at(app, name):
    document = app.openDocument(str(WORK / name))
    document.setBatchmode(True)
    document.refreshProjection()
    document.waitForDone()
    size = [document.width(), document.height()]
    (WORK / (name + ".merged")).write_bytes(bytes(document.pixelData(0, 0, *size)))
    layers = []
    for index, node in enumerate(document.rootNode().childNodes()):
        bounds = node.bounds()
        box = [bounds.x(), bounds.y(), bounds.width(), bounds.height()]
        (WORK / (name + "." + str(index))).write_bytes(bytes(node.pixelData(*box)))
        depth = node.colorDepth()
        layers.append({"name": node.name(), "bounds": box, "depth": depth})
    seen = {
        "size": size,
        "depth": document.colorDepth(),
        "profile": document.colorProfile(),
        "layers": layers,
    }
    document.setModified(False)
    document.close()  # one that stays open makes Krita crash at its end
    return seen
