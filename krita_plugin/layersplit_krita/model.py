"""Which weights this computer's GPU works with: a folder, a file, or a name that is fetched."""

from __future__ import annotations

from typing import Any, Callable

from layersplit.bridge import errands, words
from layersplit.bridge.choices import ProviderRow
from layersplit.bridge.texts import translated
from layersplit_krita.errands import LongErrandDialog
from layersplit_krita.form import Form, finish_dialog, sentence
from layersplit_krita.guard import guarded
from layersplit_krita.messages import window_in_front
from layersplit_krita.qt import QDialog, QFileDialog, QLineEdit, QPushButton, Qt


class ModelDialog(QDialog):
    """Ask for the model of ``row``. ``done`` is called when it is in use."""

    def __init__(self, row: ProviderRow, done: Callable[[], None]) -> None:
        super().__init__(window_in_front())
        self.setObjectName("layersplit_model")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(translated(words.MODEL_TITLE))
        self._names = [name for name, _size, _licence in row.models]
        self._done = done
        self._model = QLineEdit(errands.chosen_model())
        choosers = []
        for text, choose in ((words.MODEL_FOLDER, self._folder), (words.MODEL_FILE, self._file)):
            button = QPushButton(words.qt_label(text))
            button.setAutoDefault(False)
            button.clicked.connect(choose)
            choosers.append(button)
        form = Form()
        form.add(words.MODEL_LABEL, self._model, *choosers)
        form.add_below(sentence(words.model_help(row)))
        finish_dialog(self, form, words.USE, self._start)

    @guarded
    def _folder(self, *_: Any) -> None:
        chosen = QFileDialog.getExistingDirectory(self, translated(words.MODEL_TITLE))
        if chosen:
            self._model.setText(chosen)

    @guarded
    def _file(self, *_: Any) -> None:
        chosen = QFileDialog.getOpenFileName(
            self, translated(words.MODEL_TITLE), "", "GGUF, safetensors (*.gguf *.safetensors)"
        )[0]
        if chosen:
            self._model.setText(chosen)

    @guarded
    def _start(self) -> None:
        named, names = self._model.text().strip(), self._names
        self.accept()
        LongErrandDialog(
            words.FETCHING_MODEL,
            translated(words.FETCH_RESUMES),
            lambda report, stop: errands.take_model(named, names, report, stop),
            self._done,
        ).open()
