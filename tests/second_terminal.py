# SPDX-License-Identifier: MIT
"""A terminal that pyte emulates, driven as by a person: keys, what is on the screen, what blinks, another size, a picture of it.

pyte knows nothing of tmux and ncurses: what both of them show alike is what a terminal shows. Touches: a pseudo terminal.
"""
import fcntl
import html
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

import pyte

COLOURS = {"default": "#d0d0d0", "green": "#4ec94e", "brown": "#e0c040", "yellow": "#e0c040", "red": "#ff6060"}
BACKGROUND = "#101418"


class BlinkingScreen(pyte.Screen):
    """A screen that knows whether something was asked to blink, which pyte 0.8 forgets."""

    blinked = False

    def select_graphic_rendition(self, *attributes, **others):
        """SGR; 5 is blink."""
        self.blinked = self.blinked or 5 in attributes
        super().select_graphic_rendition(*attributes, **others)


class SecondTerminal:
    """A program on such a terminal."""

    def __init__(self, rows, columns, *command):
        """Starts it."""
        self.screen = BlinkingScreen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # Not before its size is known.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            time.sleep(0.3)
            os.execvpe(command[0], command, {**os.environ, "TERM": "linux", "LC_ALL": "C.UTF-8"})
        self.modes = termios.tcgetattr(self.fd)[3]
        self._tell_size(rows, columns)

    def _tell_size(self, rows, columns):
        """Gives the terminal a size."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, rows, columns):
        """Makes the window another size."""
        self.screen.resize(rows, columns)
        self._tell_size(rows, columns)

    def read(self, seconds):
        """Shows what is printed within so long; False: nothing, or its end."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            more = os.read(self.fd, 65536)
        except OSError:
            return False
        self.stream.feed(more)
        return bool(more)

    def text(self):
        """What is on the screen."""
        return "\n".join(self.screen.display)

    def sees(self, pattern, seconds=30):
        """Waits until the pattern is on the screen."""
        self.until(lambda: re.search(pattern, self.text()), f"{pattern!r} is not on the screen", seconds)

    def until(self, condition, sentence, seconds=30):
        """Waits until the condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            self.read(0.2)
            if time.monotonic() > deadline:
                sys.exit(f"FAILED: {sentence}:\n{self.text()}")

    def type(self, keys):
        """Types."""
        os.write(self.fd, keys.encode())

    def is_restored(self):
        """Is the terminal as it was: lines, echo, and a cursor?"""
        return termios.tcgetattr(self.fd)[3] == self.modes and not self.screen.cursor.hidden

    def end(self, seconds=30):
        """Waits for its end; returns the status."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self.read(0.1):
                    pass
                return os.waitstatus_to_exitcode(status)
            self.read(0.1)
        os.kill(self.pid, signal.SIGKILL)
        sys.exit(f"FAILED: it does not end:\n{self.text()}")

    def picture(self):
        """The screen as SVG."""
        wide, high = 8.4, 18
        width, height = self.screen.columns * wide + 20, self.screen.lines * high + 20
        lines = ["<!-- SPDX-License-Identifier: MIT -->",
                 f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" font-family="monospace" font-size="14">',
                 f'<rect width="100%" height="100%" rx="6" fill="{BACKGROUND}"/>']
        for row in range(self.screen.lines):
            for column in range(self.screen.columns):
                cell = self.screen.buffer[row][column]
                colour = COLOURS.get(cell.fg, COLOURS["default"])
                x, y = 10 + column * wide, 10 + row * high
                if cell.reverse:
                    lines.append(f'<rect x="{x:.1f}" y="{y}" width="{wide}" height="{high}" fill="{colour}"/>')
                    colour = BACKGROUND
                if cell.data.strip():
                    weight = ' font-weight="bold"' if cell.bold else ""
                    lines.append(f'<text x="{x:.1f}" y="{y + 14}" fill="{colour}"{weight}>{html.escape(cell.data)}</text>')
        return "\n".join(lines + ["</svg>", ""])
