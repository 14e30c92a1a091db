"""A server and a client that speaks with it, for each test anew. `BAKEC` names the program."""

import os
import sys
from pathlib import Path

import pytest_asyncio

sys.dont_write_bytecode = True

from editor import Editor  # noqa: E402

PROGRAM = Path(__file__).parent / "program"


@pytest_asyncio.fixture
async def start(tmp_path):
    """Starts editors in a folder with the two files of `program`; each leaves in the proper order at the end."""
    for file in PROGRAM.iterdir():
        (tmp_path / file.name).write_text(file.read_text())
    started = []

    async def start(**given):
        editor = await Editor.start(os.environ["BAKEC"], tmp_path, **given)
        started.append(editor)
        return editor

    yield start
    for editor in started:
        await editor.leave()


@pytest_asyncio.fixture
async def editor(start):
    """An editor that can do what Visual Studio Code can."""
    return await start()
