"""Neovim as the book sets it up, in a terminal: what a person sees of the language server.

The screens under `screens/` are those of Neovim 0.11; `UPDATE=1` writes them anew. The pictures in the book are of the same screens.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from screen import ROOT, Screen, neovim
from session import session

SCREENS = Path(__file__).parent / "screens"
PROGRAM, WHY = neovim()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason=WHY or "")


@pytest.fixture
def edit(tmp_path):
    """Opens a file in a Neovim."""
    opened = []

    def edit(file, **size):
        screen = Screen(tmp_path, file, **size)
        opened.append(screen)
        return screen

    yield edit
    for screen in opened:
        screen.close()


def test_a_session(edit, tmp_path):
    shutil.copy(SCREENS / "web.bake", tmp_path)
    screen = edit(tmp_path / "web.bake")
    same_look = "NVIM v0.11." in subprocess.run([PROGRAM, "--version"], capture_output=True, text=True).stdout
    for name in session(screen):
        held = SCREENS / f"{name}.txt"
        seen = screen.settled() + "\n"
        if os.environ.get("UPDATE") == "1":
            held.write_text(seen)
        elif same_look:
            assert seen == held.read_text(), name


def test_the_official_images(edit, tmp_path):
    for part in ["official.bake", "lib", "scripts"]:
        copy = shutil.copytree if (ROOT / "examples" / part).is_dir() else shutil.copy
        copy(ROOT / "examples" / part, tmp_path / part)
    screen = edit(tmp_path / "official.bake", columns=120, rows=40)
    screen.find("image official")
    screen.type("zt")
    screen.shows("image official { 32 builds · list", "matrix 32 builds {")
    # A region in a row of the table, a bare word.
    screen.type(":%s/| us-east-1      | 1404/| us-esat-1      | 1404/\n")
    screen.find("us-esat-1")
    screen.shows("■ there is no")
    screen.type("gra")
    screen.shows("Change to `us-east-1`")
    screen.type("1")
    screen.keys("Enter")
    screen.loses("■ there is no")
    screen.shows("| us-east-1      | 1404")
    # Another name for something of the file that is imported.
    screen.find("comboami.virtualization")
    screen.type("f.lgrn")
    screen.shows("New Name: virtualization")
    screen.keys("C-u")
    screen.type("virt_of\n")
    screen.shows("comboami.virt_of(virt)")
    # To its declaration, in the other file, which has been changed with it.
    screen.find("comboami.virt_of")
    screen.type("f.l:lua vim.lsp.buf.definition()\n")
    screen.shows("fn virt_of(virt: Virt)")
    # The outline.
    screen.type("gO")
    screen.shows("[Variable] ssh_user", "[Struct] Release", "[Function] virt_of")
