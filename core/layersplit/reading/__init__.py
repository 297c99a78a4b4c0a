"""Files and raw host pixels into a Picture.

The values of 8- and 16-bit RGB(A) files arrive unchanged, and so does their RGB profile. Whatever
had to be converted (CMYK, a grey profile, premultiplied alpha, the first of several pages) is said
in ``Picture.notes``. Limits are checked on the header, before anything is allocated; whatever is
wrong with a file is an InputError.
"""

from layersplit.reading.mask import read_mask
from layersplit.reading.picture import read_picture
from layersplit.reading.raw import read_raw

__all__ = ["read_mask", "read_picture", "read_raw"]
