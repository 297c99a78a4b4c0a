"""The only place that chooses between PyQt5 and PyQt6: by Krita's version, never by trying.

Trying PyQt6 first loads Qt 6 into a Qt 5 process where both are installed; timers are dead then.
"""

from __future__ import annotations

from krita import Krita

if int(Krita.instance().version().split(".")[0]) >= 6:
    from PyQt6.QtCore import QLocale, QObject, QRect, QSize, Qt, QTimer, QUrl, pyqtSignal
    from PyQt6.QtGui import QDesktopServices, QIcon
    from PyQt6.QtWidgets import (
        QAbstractItemView,
        QApplication,
        QCheckBox,
        QComboBox,
        QDialog,
        QDialogButtonBox,
        QDoubleSpinBox,
        QFileDialog,
        QGridLayout,
        QHBoxLayout,
        QLabel,
        QLayout,
        QLineEdit,
        QListWidget,
        QListWidgetItem,
        QMessageBox,
        QProgressBar,
        QPushButton,
        QSizePolicy,
        QSpinBox,
        QToolButton,
        QVBoxLayout,
        QWidget,
    )
else:
    from PyQt5.QtCore import QLocale, QObject, QRect, QSize, Qt, QTimer, QUrl, pyqtSignal
    from PyQt5.QtGui import QDesktopServices, QIcon
    from PyQt5.QtWidgets import (
        QAbstractItemView,
        QApplication,
        QCheckBox,
        QComboBox,
        QDialog,
        QDialogButtonBox,
        QDoubleSpinBox,
        QFileDialog,
        QGridLayout,
        QHBoxLayout,
        QLabel,
        QLayout,
        QLineEdit,
        QListWidget,
        QListWidgetItem,
        QMessageBox,
        QProgressBar,
        QPushButton,
        QSizePolicy,
        QSpinBox,
        QToolButton,
        QVBoxLayout,
        QWidget,
    )

__all__ = [
    "QAbstractItemView",
    "QApplication",
    "QCheckBox",
    "QComboBox",
    "QDesktopServices",
    "QDialog",
    "QDialogButtonBox",
    "QDoubleSpinBox",
    "QFileDialog",
    "QGridLayout",
    "QHBoxLayout",
    "QIcon",
    "QLabel",
    "QLayout",
    "QLineEdit",
    "QListWidget",
    "QListWidgetItem",
    "QLocale",
    "QMessageBox",
    "QObject",
    "QProgressBar",
    "QPushButton",
    "QRect",
    "QSize",
    "QSizePolicy",
    "QSpinBox",
    "QTimer",
    "QToolButton",
    "QUrl",
    "QVBoxLayout",
    "QWidget",
    "Qt",
    "pyqtSignal",
]
