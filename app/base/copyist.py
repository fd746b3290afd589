"""誊本 — the child process that makes a scanned page anew from a picture of others.

Run by `base.cell`, with nothing of ours in it: the picture comes in by standard input, a copy of
its dots goes out. An exit other than 0 says why not.
"""

from __future__ import annotations

import io
import sys
import warnings

from PIL import Image, ImageOps

SECONDS = 15
BROKEN, BOMB = 10, 11
REFUSALS = {BROKEN: "base.document.broken", BOMB: "base.document.bomb"}
MOST_DOTS = 40_000_000
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
FORMATS = {"jpg": "JPEG", "png": "PNG"}


def main() -> int:
    """Read a picture from standard input, give out a copy; why not, as a number."""
    ending, most = sys.argv[1], int(sys.argv[2])
    Image.MAX_IMAGE_PIXELS = MOST_DOTS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    found = Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=(FORMATS[ending],))
    upright = ImageOps.exif_transpose(found).convert("RGBA")
    # A new picture: nothing that stood beside the dots comes along.
    made = Image.new("RGB", upright.size, "white")
    made.paste(upright, mask=upright)
    out = io.BytesIO()
    if ending == "png":
        made.save(out, "PNG")
    else:
        made.save(out, "JPEG", quality=90)
    if out.tell() > most:
        return BOMB
    sys.stdout.buffer.write(out.getvalue())
    return 0
