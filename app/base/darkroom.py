"""暗房 — the child process that makes a photo anew from a picture of others: it can harm nothing.

Run by `base.cell`, with nothing of ours in it: the picture comes in by standard input, a new one
that holds its dots and nothing else goes out. An exit other than 0 says why not.
"""

from __future__ import annotations

import io
import sys
import warnings

from PIL import Image, ImageOps

SECONDS = 10
BROKEN, BOMB, SMALL = 10, 11, 12
REFUSALS = {
    BROKEN: "people.photo.broken",
    BOMB: "people.photo.bomb",
    SMALL: "people.photo.small",
}
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
FORMATS = ("JPEG", "PNG", "GIF", "BMP")
MOST_DOTS = 40_000_000
# Narrower than that, a face on a card of 25 mm is a blur.
LEAST = 200
QUALITIES = (92, 80, 65, 50, 35)
# Where heads are: above the middle.
_HEAD = (0.5, 0.35)
_TURNED, _ON_ITS_SIDE = 0x0112, range(5, 9)


def main() -> int:
    """Read a picture from standard input, give out ours; why not, as a number."""
    width, height, most = map(int, sys.argv[1:4])
    Image.MAX_IMAGE_PIXELS = MOST_DOTS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    found = Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=FORMATS)
    across, down = found.size
    if found.getexif().get(_TURNED) in _ON_ITS_SIDE:
        across, down = down, across
    if min(across, down * width // height) < LEAST:
        return SMALL
    # A large JPEG need not be read in all its dots.
    found.draft(None, (2 * height, 2 * height))
    upright = ImageOps.exif_transpose(found).convert("RGBA")
    fitted = ImageOps.fit(upright, (width, height), Image.Resampling.LANCZOS, centering=_HEAD)
    # A new picture: nothing that stood beside the dots comes along.
    made = Image.new("RGB", (width, height), "white")
    made.paste(fitted, mask=fitted)
    for quality in QUALITIES:
        out = io.BytesIO()
        made.save(out, "JPEG", quality=quality, dpi=(300, 300))
        if out.tell() <= most:
            break
    sys.stdout.buffer.write(out.getvalue())
    return 0
