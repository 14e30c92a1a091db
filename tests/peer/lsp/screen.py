"""A Neovim in a terminal of tmux's: keys go in, the screen is read back as words and as colours."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
PATIENCE = int(os.environ.get("BAKEC_PATIENCE", "60"))


def neovim():
    """A Neovim from 0.11 on, and why there is none."""
    program = os.environ.get("BAKEC_NVIM") or shutil.which("nvim")
    if not program or not shutil.which("tmux"):
        return None, "no nvim and tmux: BAKEC_NVIM=PROGRAM names a Neovim from 0.11 on"
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    version = re.search(r"NVIM v(\d+)\.(\d+)", said)
    if not version or (int(version[1]), int(version[2])) < (0, 11):
        return None, f"{program} is older than Neovim 0.11"
    return program, None


class Screen:
    """The screen of a Neovim that edits a file."""

    def __init__(self, folder, file, columns=108, rows=27, inside=None):
        self.socket = str(folder / "tmux.socket")
        program, why = neovim()
        assert program, why
        environment = {
            **os.environ,
            "BAKEC_ROOT": str(ROOT),
            "BAKEC": os.path.abspath(os.environ["BAKEC"]),
            "COLORTERM": "truecolor",
            "LC_ALL": "C.UTF-8",
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "TERM": "xterm-256color",
        }
        environment.pop("TMUX", None)
        init = str(Path(__file__).with_name("neovim.lua"))
        command = ["-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows)]
        command += [program, "--clean", "-u", init, str(file)]
        subprocess.run(["tmux", "-S", self.socket, *command], env=environment, cwd=inside, check=True)
        self.tmux("set", "-g", "status", "off")

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-S", self.socket, *arguments], capture_output=True, text=True, check=True).stdout

    def close(self):
        self.tmux("kill-server")

    def keys(self, *keys):
        """Presses keys by tmux's names of them; what has no such name is typed."""
        for key in keys:
            self.tmux("send-keys", key)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def find(self, words):
        """Puts the cursor on words, from the top of the file on."""
        self.type("gg:noh\n")
        self.type(f"/\\V{words}\n:noh|echo\n")

    def words(self):
        return self.tmux("capture-pane", "-p").rstrip("\n")

    def colours(self):
        return self.tmux("capture-pane", "-p", "-e").rstrip("\n")

    def shows(self, *wanted):
        """The screen, once it shows all of these."""
        end = time.monotonic() + PATIENCE
        while True:
            words = self.words()
            if all(part in words for part in wanted):
                return words
            assert time.monotonic() < end, f"the screen does not show {wanted}:\n{words}"
            time.sleep(0.1)

    def loses(self, unwanted):
        """The screen, once it does not show this any more."""
        end = time.monotonic() + PATIENCE
        while unwanted in (words := self.words()):
            assert time.monotonic() < end, f"the screen still shows {unwanted}:\n{words}"
            time.sleep(0.1)
        return words

    def settled(self):
        """The screen, once it has not changed for a while."""
        words, since = self.words(), time.monotonic()
        while time.monotonic() - since < 1:
            time.sleep(0.1)
            now = self.words()
            if now != words:
                words, since = now, time.monotonic()
        return "\n".join(line.rstrip() for line in words.splitlines())
