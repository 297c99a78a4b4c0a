"""The probe inside Krita: what the tests may ask of the running program. Imported by a plug-in."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import probe
from krita import Extension, InfoObject, Krita, Selection

if int(Krita.instance().version().split(".")[0]) >= 6:
    from PyQt6.QtCore import Qt, QTimer
    from PyQt6.QtGui import QImage
    from PyQt6.QtWidgets import (
        QAbstractButton,
        QApplication,
        QComboBox,
        QLabel,
        QLineEdit,
        QListWidget,
        QToolButton,
    )
else:
    from PyQt5.QtCore import Qt, QTimer
    from PyQt5.QtGui import QImage
    from PyQt5.QtWidgets import (
        QAbstractButton,
        QApplication,
        QComboBox,
        QLabel,
        QLineEdit,
        QListWidget,
        QToolButton,
    )

APP = Krita.instance()
Steps = Generator[None, None, Any]
documents: dict[str, Any] = {}
"""Documents that a test has opened, by the name it gave them."""
ticks: list[Any] = []
SETTLE_S = 0.6


def ping() -> str:
    """Which Krita this is."""
    return APP.version()


def execute(code: str) -> Any:
    """Run ``code``; what it binds to ``value`` is the answer. For exploring, and for rare needs."""
    names: dict[str, Any] = {"app": APP, "documents": documents, "value": None}
    exec(code, names)  # noqa: S102 - the tests' own code
    return names["value"]


# documents


def open_document(name: str, path: str) -> Steps:
    """Open a file, show it, and wait until it is the active document."""
    document = APP.openDocument(path)
    return (yield from _show(name, document))


def new_document(
    name: str, width: int, height: int, space: list[str], pixels: str, layer: str = "Picture"
) -> Steps:
    """A document of one layer, filled with the bytes of the file ``pixels``."""
    document = APP.createDocument(width, height, name, *space, 72.0)
    node = document.createNode(layer, "paintlayer")
    node.setPixelData(Path(pixels).read_bytes(), 0, 0, width, height)
    for old in document.rootNode().childNodes():
        old.remove()
    document.rootNode().addChildNode(node, None)
    document.refreshProjection()
    return (yield from _show(name, document))


def _show(name: str, document: Any) -> Steps:
    document.setBatchmode(True)
    documents[name] = document
    APP.activeWindow().addView(document)
    while APP.activeDocument() != document or not APP.action("layersplit_split").isEnabled():
        yield
    document.waitForDone()
    return [document.width(), document.height()]


def activate(name: str) -> Steps:
    """Make another open document the active one."""
    window = APP.activeWindow()
    view = next(view for view in window.views() if view.document() == documents[name])
    window.showView(view)
    APP.setActiveDocument(documents[name])
    while APP.activeDocument() != documents[name]:
        yield


def close_documents() -> Steps:
    """Close everything, without questions."""
    for document in APP.documents():
        yield from _settle(document)
        document.setModified(False)
        document.close()
        yield
    documents.clear()


def _settle(document: Any) -> Steps:
    """Krita 5.2 crashes, without us too, when a document goes whose layers just changed sight."""
    document.waitForDone()
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline:
        yield


def save_document(name: str, path: str) -> bool:
    """Save under another name."""
    document = documents[name]
    document.setBatchmode(True)
    document.waitForDone()
    return document.saveAs(path)


def export_document(name: str, path: str) -> bool:
    """Write a file of another kind."""
    documents[name].waitForDone()
    return documents[name].exportImage(path, InfoObject())


def close_document(name: str) -> None:
    """Close one, without questions."""
    document = documents.pop(name)
    document.setModified(False)
    document.close()


def group_count(name: str) -> int:
    """How many groups there are at the top level; cheap, for those who wait."""
    nodes = documents[name].rootNode().childNodes()
    return sum(node.type() == "grouplayer" for node in nodes)


def tree(name: str) -> list[dict[str, Any]]:
    """The layers of a document, bottom first."""
    return [_described(node) for node in documents[name].rootNode().childNodes()]


def _described(node: Any) -> dict[str, Any]:
    bounds = node.bounds()
    return {
        "name": node.name(),
        "type": node.type(),
        "visible": node.visible(),
        "opacity": node.opacity(),
        "mode": node.blendingMode(),
        "bounds": [bounds.x(), bounds.y(), bounds.width(), bounds.height()],
        "children": [_described(child) for child in node.childNodes()],
    }


def picture(name: str, path: str) -> None:
    """Write the projection of a document as raw bytes."""
    document = documents[name]
    document.waitForDone()
    size = (document.width(), document.height())
    Path(path).write_bytes(bytes(document.pixelData(0, 0, *size)))


def shown_picture(name: str, path: str) -> list[int]:
    """Write the projection as R, G, B, A in sRGB, 8 bits each, whatever the document is."""
    document = documents[name]
    document.waitForDone()
    image = document.projection(0, 0, document.width(), document.height())
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    bits = image.constBits()
    bits.setsize(4 * image.width() * image.height())
    Path(path).write_bytes(bytes(bits))
    return [image.width(), image.height()]


def picture_of_top(name: str, path: str) -> Steps:
    """Write what the topmost node alone gives; the others are hidden meanwhile, as a user would."""
    document = documents[name]
    others = [
        node
        for node in document.rootNode().childNodes()[:-1]
        if node.visible() and node.type() != "selectionmask"
    ]
    for visible in (False, True):
        for node in others:
            node.setVisible(visible)
        document.refreshProjection()
        yield
        document.waitForDone()
        if not visible:
            size = (document.width(), document.height())
            Path(path).write_bytes(bytes(document.pixelData(0, 0, *size)))


def picture_of_node(name: str, names: list[str], path: str) -> list[int]:
    """Write the projection of the node at ``names`` within its bounds; returns the bounds."""
    node = _node(name, names)
    bounds = node.bounds()
    box = [bounds.x(), bounds.y(), bounds.width(), bounds.height()]
    Path(path).write_bytes(bytes(node.projectionPixelData(*box)))
    return box


def _node(name: str, names: list[str]) -> Any:
    node = documents[name].rootNode()
    for step in names:
        node = next(child for child in node.childNodes() if child.name() == step)
    return node


def make_active(name: str, names: list[str]) -> Steps:
    """Choose a layer."""
    documents[name].setActiveNode(_node(name, names))
    for _ in range(5):
        yield


def add_layer(name: str, title: str, white: bool = True) -> Steps:
    """A new layer at the bottom, white or empty."""
    document = documents[name]
    node = document.createNode(title, "paintlayer")
    size = (document.width(), document.height())
    if white:
        node.setPixelData(b"\xff" * (4 * size[0] * size[1]), 0, 0, *size)
    document.rootNode().addChildNode(node, None)
    if white:
        document.rootNode().setChildNodes([node, *document.rootNode().childNodes()[:-1]])
    document.refreshProjection()
    for _ in range(5):
        yield


def change_node(name: str, names: list[str], opacity: int, mode: str) -> None:
    """Set a layer's opacity (0..255) and blending mode."""
    node = _node(name, names)
    node.setOpacity(opacity)
    node.setBlendingMode(mode)
    documents[name].refreshProjection()


def select(name: str, box: list[int], pixels: str | None) -> None:
    """Select a rectangle, or what the bytes of ``pixels`` (one a pixel of ``box``) say."""
    selection = Selection()
    if pixels is None:
        selection.select(*box, 255)
    else:
        selection.setPixelData(Path(pixels).read_bytes(), *box)
    documents[name].setSelection(selection)


# the user interface


def trigger(action: str) -> None:
    """Do what choosing it in the menu does."""
    QTimer.singleShot(0, APP.action(action).trigger)


def close_windows() -> None:
    """Close what a failed test has left open."""
    for widget in QApplication.topLevelWidgets():
        if widget.isVisible() and widget.objectName() in (
            "layersplit_dialog",
            "layersplit_message",
        ):
            QTimer.singleShot(0, widget.reject)


def windows() -> list[dict[str, str]]:
    """Our visible windows: name, title and the sentences in them."""
    return [
        {
            "name": widget.objectName(),
            "title": widget.windowTitle(),
            "text": "\n".join(label.text() for label in _visible(widget, QLabel)),
            "details": widget.informativeText() if hasattr(widget, "informativeText") else "",
            "buttons": [
                button.text().replace("&", "") for button in _visible(widget, QAbstractButton)
            ],
        }
        for widget in QApplication.topLevelWidgets()
        if widget.isVisible() and widget.objectName().startswith("layersplit")
    ]


def _visible(widget: Any, kind: Any) -> list[Any]:
    return [child for child in widget.findChildren(kind) if child.isVisible()]


def _window(name: str) -> Any:
    return next(
        widget
        for widget in QApplication.topLevelWidgets()
        if widget.isVisible() and widget.objectName() == name
    )


def press_button(window: str, text: str) -> None:
    """Press the button whose label begins with ``text``."""
    for button in _visible(_window(window), QAbstractButton):
        if button.text().replace("&", "").startswith(text) and button.isEnabled():
            QTimer.singleShot(0, button.click)
            return
    raise LookupError("no button " + text)


def is_button_enabled(window: str, text: str) -> bool:
    """Whether the button whose label begins with ``text`` can be pressed."""
    return any(
        button.isEnabled()
        for button in _visible(_window(window), QAbstractButton)
        if button.text().replace("&", "").startswith(text)
    )


def adopt_active(name: str) -> bool:
    """Call the active document ``name``, if there is one."""
    document = APP.activeDocument()
    if document is not None:
        documents[name] = document
    return document is not None


def import_cost() -> float:
    """Milliseconds for what Krita does with the plug-in at its start: importing it."""
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if "layersplit_" in name}
    add = Krita.addExtension
    try:
        start = time.perf_counter()
        __import__("layersplit_krita")
        return 1000 * (time.perf_counter() - start)
    finally:
        Krita.addExtension = add
        sys.modules.update(kept)


def entries(window: str) -> list[str]:
    """Everything that the lists of a window offer."""
    boxes = _visible(_window(window), QComboBox)
    return [box.itemText(number) for box in boxes for number in range(box.count())]


def choose(window: str, text: str) -> list[str]:
    """Choose the entry that begins with ``text`` in whichever list has it; returns the list."""
    for box in _visible(_window(window), QComboBox):
        entries = [box.itemText(number) for number in range(box.count())]
        for number, entry in enumerate(entries):
            if entry.startswith(text):
                box.setCurrentIndex(number)
                return entries
    raise LookupError("no entry " + text)


def fill(window: str, label: str, value: Any) -> None:
    """Write ``value`` into the field whose label begins with ``label``."""
    for text in _visible(_window(window), QLabel):
        field = text.buddy()
        if field is not None and text.text().replace("&", "").startswith(label):
            field.setText(value) if isinstance(field, QLineEdit) else field.setValue(value)
            return
    raise LookupError("no field " + label)


def widen_docker(name: str, width: int) -> None:
    """Make a docker ``width`` pixels wide."""
    window = APP.activeWindow().qwindow()
    window.resizeDocks([_docker(name)], [width], Qt.Orientation.Horizontal)


def choose_row(window: str, row: int) -> None:
    """Choose an entry of the first list."""
    _visible(_window(window), QComboBox)[0].setCurrentIndex(row)


def open_fold(window: str) -> None:
    """Unfold what is folded away."""
    for button in _visible(_window(window), QToolButton):
        button.click()


def unfold_group(name: str) -> Steps:
    """Show the layers of the topmost group in the list of layers."""
    document = documents[name]
    group = document.rootNode().childNodes()[-1]
    group.setCollapsed(False)
    document.setActiveNode(group.childNodes()[-1])
    for _ in range(10):
        yield


def menu_entries(menu: str) -> list[str]:
    """The entries of a menu of the main window."""
    bar = APP.activeWindow().qwindow().menuBar()
    found = next(a.menu() for a in bar.actions() if a.menu() and a.menu().objectName() == menu)
    return [entry.text().replace("&", "") for entry in found.actions()]


def is_enabled(action: str) -> bool:
    """Whether an action can be chosen now."""
    return APP.action(action).isEnabled()


def shortcut(action: str) -> str:
    """The key of an action."""
    return APP.action(action).shortcut().toString()


def stop_worker() -> None:
    """End the plug-in's worker, as if it had never been started."""
    from layersplit_krita import extension  # noqa: PLC0415 - there when Krita runs

    # Krita 6 crashes when it is asked for its extensions.
    found = next(e for e in gc.get_objects() if type(e) is extension.LayersplitExtension)
    found.desk().close()
    found._desk = None


def undo_text() -> str:
    """What Edit > Undo would take back."""
    return APP.action("edit_undo").text()


def active_node() -> str:
    """The name of the chosen layer."""
    return APP.activeDocument().activeNode().name()


def _docker(name: str) -> Any:
    return next(docker for docker in APP.dockers() if docker.objectName() == name)


def show_docker(name: str) -> None:
    """Show a docker by itself, large enough for a look."""
    docker = _docker(name)
    docker.setVisible(True)
    docker.raise_()


def hide_docker(name: str) -> None:
    """Put it away."""
    _docker(name).setVisible(False)


def docker_texts(name: str) -> list[str]:
    """The entries of its list."""
    (entries_list,) = _docker(name).findChildren(QListWidget)
    return [entries_list.item(row).text() for row in range(entries_list.count())]


def choose_in_docker(name: str, row: int) -> None:
    """Choose an entry."""
    (entries_list,) = _docker(name).findChildren(QListWidget)
    entries_list.item(row).setSelected(True)


def press_in_docker(name: str, text: str) -> None:
    """Press the button with this label, which must be usable."""
    buttons = _docker(name).findChildren(QAbstractButton)
    found = next(b for b in buttons if b.text().replace("&", "") == text and b.isEnabled())
    QTimer.singleShot(0, found.click)


def newest_kept() -> str:
    """The title of the newest entry of the history whose layers are kept."""
    from layersplit.bridge import history  # noqa: PLC0415 - vendored, found when Krita runs

    done = [entry for entry in history.entries() if entry.state == history.DONE]
    return done[0].title if done else ""


def main_window_id() -> str:
    """For xdotool."""
    return str(int(APP.activeWindow().qwindow().winId()))


def resize_main_window(width: int, height: int) -> None:
    """For pictures of the screen."""
    window = APP.activeWindow().qwindow()
    window.setGeometry(4, 24, width, height)


def start_ticking() -> None:
    """Write down when a 20 ms timer of the UI thread ticks, and what the progress said then."""
    ticks.clear()
    timer = QTimer(QApplication.instance())
    timer.setObjectName("ticker")
    timer.setInterval(20)
    timer.timeout.connect(_tick)
    timer.start()


def _tick() -> None:
    window = next(
        (w for w in QApplication.topLevelWidgets() if w.objectName() == "layersplit_progress"), None
    )
    labels = window.findChildren(QLabel) if window is not None and window.isVisible() else []
    ticks.append([time.monotonic(), labels[-1].text() if labels else "", _starved_s()])


def _starved_s() -> float:
    """How long this thread was ready to run, in total, and other programs had the processor."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


def stop_ticking() -> list[Any]:
    """When it ticked: [seconds, sentence, seconds for which the machine let us wait so far]."""
    for timer in QApplication.instance().findChildren(QTimer, "ticker"):
        timer.stop()
        timer.deleteLater()
    return list(ticks)


def quit_krita() -> None:
    """Choose File > Quit; documents that are open count as saved."""
    for document in APP.documents():
        document.setModified(False)
    QTimer.singleShot(0, APP.action("file_quit").trigger)


class ProbeExtension(Extension):
    """Serves the probe from Krita's event loop."""

    def setup(self) -> None:
        """Krita asks for it."""

    def createActions(self, _window: Any) -> None:  # noqa: N802 - Krita calls it so
        """Called once per window: the first one starts the timer."""
        if not probe.PATH or hasattr(self, "timer"):
            return
        self.server = probe.Server(
            {name: value for name, value in globals().items() if callable(value)}
        )
        self.timer = QTimer(self)
        self.timer.setInterval(10)
        self.timer.timeout.connect(self.server.turn)
        self.timer.start()


APP.addExtension(ProbeExtension(APP))
