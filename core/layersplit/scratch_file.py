"""Room in a file for pixels that will be mapped into memory.

A mapped file without room behind it does not fail when it is written to: the system ends the
process. So the room is taken first, while a full disk is still an ordinary error.
"""

from __future__ import annotations

import errno
import os
from typing import IO, Final

_NO_SUCH_CALL: Final = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)
"""What file systems answer that cannot take room in advance."""


def take_room(file: IO[bytes], size: int) -> None:
    """Make the empty ``file`` ``size`` bytes long, all zeros. Raises OSError on a full disk."""
    file.truncate(size)
    if size and hasattr(os, "posix_fallocate"):  # not on Windows and macOS
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            if error.errno not in _NO_SUCH_CALL:
                raise
