"""What Krita knows of us: two actions, their places in the menus, and the end of the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from krita import DockWidgetFactory, DockWidgetFactoryBase, Extension, Krita

from layersplit.bridge import texts, words
from layersplit_krita import history_docker
from layersplit_krita.qt import QLocale, QTimer

if TYPE_CHECKING:
    from layersplit_krita.desk import Desk

SCRIPTS = "tools/scripts"
LAYER_MENU = "Layer"


class LayersplitExtension(Extension):
    """Made once, when Krita starts."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self._desk: Optional[Desk] = None

    def setup(self) -> None:
        """Speak as Krita does, hear of its end to end the worker in time, offer the docker."""
        texts.speak(QLocale().uiLanguages())
        notifier = Krita.instance().notifier()
        notifier.setActive(True)
        notifier.applicationClosing.connect(self._close)
        Krita.instance().addDockWidgetFactory(
            DockWidgetFactory(
                history_docker.NAME,
                DockWidgetFactoryBase.DockPosition.DockRight,
                history_docker.HistoryDocker,
            )
        )
        history_docker.actions.update(
            {
                "insert": lambda entry: self.desk().insert_again(entry),
                "continue": lambda entry: self.desk().go_on(entry),
                "delete": lambda entry: self.desk().forget(entry),
            }
        )

    def createActions(self, window: Any) -> None:
        """Called for every new window. The shortcut comes from layersplit_krita.action."""
        split = window.createAction("layersplit_split", words.label(words.ACTION), SCRIPTS)
        split.triggered.connect(lambda: self.desk().ask_and_split())
        again = window.createAction("layersplit_again", words.label(words.ACTION_AGAIN), SCRIPTS)
        again.triggered.connect(lambda: self.desk().split_again())
        # An action has one place of its own. The menus exist only after this call, and the object
        # ``window`` only during it.
        main = window.qwindow()
        QTimer.singleShot(0, lambda: _add_to_layer_menu(main, split, again))

    def desk(self) -> "Desk":
        """Everything else; made when it is needed first."""
        if self._desk is None:
            from layersplit_krita.desk import Desk  # noqa: PLC0415 - not before the first use

            self._desk = Desk()
        return self._desk

    def _close(self) -> None:
        if self._desk is not None:
            self._desk.close()


def _add_to_layer_menu(window: Any, *actions: Any) -> None:
    try:
        menus = (action.menu() for action in window.menuBar().actions())
        menu = next((menu for menu in menus if menu and menu.objectName() == LAYER_MENU), None)
    except RuntimeError:  # the window is gone again
        return
    if menu is not None:
        menu.addSeparator()
        for action in actions:
            menu.addAction(action)
