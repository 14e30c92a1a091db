"""The pictures of the book: screens of the session in Neovim, painted by a Chromium.

Usage: BAKEC=… BAKEC_NVIM=… python pictures.py FOLDER [chromium]
"""

import html
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from screen import Screen
from session import session

HERE = Path(__file__).parent
WANTED = {"error", "action", "hover", "complete"}
COLUMNS, ROWS, WIDTH, HEIGHT = 108, 27, 8.0, 19


def colour(codes):
    """The colour behind `38`, `48` or `58`, taken from the front of the codes."""
    kind = codes.pop(0)
    if kind == "2":
        return "#" + "".join(f"{int(codes.pop(0)):02x}" for _ in range(3))
    assert kind == "5", f"no colour begins with {kind}"
    return f"var(--c{codes.pop(0)})"


def styled(codes, style):
    """The style after a sequence of codes."""
    style, codes = dict(style), codes.replace("4:3", "21").split(";")
    while codes:
        code = codes.pop(0) or "0"
        match code:
            case "0":
                style = {}
            case "1":
                style["font-weight"] = "bold"
            case "3":
                style["font-style"] = "italic"
            case "4" | "21":
                style["text-decoration"] = "underline" + (" wavy" if code == "21" else "")
            case "7":
                style["filter"] = "invert(1)"
            case "38":
                style["color"] = colour(codes)
            case "48":
                style["background"] = colour(codes)
            case "58":
                style["text-decoration-color"] = colour(codes)
            case "39" | "49":
                style.pop({"39": "color", "49": "background"}[code], None)
            case "22" | "23" | "24":
                style.pop({"22": "font-weight", "23": "font-style", "24": "text-decoration"}[code], None)
            case _:
                raise AssertionError(f"the code {code} has no style")
    return style


def page(screen):
    """A page that looks like the screen."""
    lines, style = [], {}
    for line in screen.split("\n"):
        cells, column = [], 0
        for part in re.split(r"(\x1b\[[\d;:]*m)", line):
            if part.startswith("\x1b"):
                style = styled(part[2:-1], style)
            elif part:
                css = ";".join(f"{k}:{v}" for k, v in style.items())
                cells.append(f'<span style="left:{column * WIDTH}px;width:{len(part) * WIDTH}px;{css}">{html.escape(part)}</span>')
                column += len(part)
        # The rest of the line has the colour of its end.
        back = style.get("background", "inherit")
        cells.append(f'<span style="left:{column * WIDTH}px;right:0;background:{back}"></span>')
        lines.append(f"<div>{''.join(cells)}</div>")
    return f"""<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #e0e2ea; color: #14161b; font: 13.3px/{HEIGHT}px "DejaVu Sans Mono", monospace; }}
div {{ position: relative; height: {HEIGHT}px; }}
span {{ position: absolute; top: 0; height: {HEIGHT}px; white-space: pre; overflow: visible; }}
</style>{"".join(lines)}"""


def paint(screen, file, chromium):
    with tempfile.NamedTemporaryFile("w", suffix=".html") as text:
        text.write(page(screen))
        text.flush()
        size = f"{int(COLUMNS * WIDTH)},{ROWS * HEIGHT}"
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        subprocess.run([chromium, *flags, f"--window-size={size}", f"--screenshot={file}", f"file://{text.name}"], check=True, capture_output=True)


def main(folder, chromium="chromium"):
    with tempfile.TemporaryDirectory() as work:
        shutil.copy(HERE / "screens/web.bake", work)
        screen = Screen(Path(work), "web.bake", columns=COLUMNS, rows=ROWS, inside=work)
        try:
            for name in session(screen):
                if name in WANTED:
                    screen.settled()
                    paint(screen.colours(), (Path(folder) / f"editor-{name}.png").resolve(), chromium)
        finally:
            screen.close()


main(*sys.argv[1:])
