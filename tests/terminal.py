# SPDX-License-Identifier: MIT
"""A program on a terminal, driven as by a person: wait for a text, type a line. For scenarios in Python."""
import os
import pty
import select
import signal
import sys
import termios
import time


class Terminal:
    """A program that runs on a terminal of its own."""

    def __init__(self, *command):
        """Starts it."""
        self.seen = b""
        self.taken = 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)

    def _read(self, seconds):
        """Reads what it prints; False if it printed nothing for so long, or has ended."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            more = os.read(self.fd, 65536)
        except OSError:
            return False
        self.seen += more
        return bool(more)

    def expect(self, text, seconds=30):
        """Waits until it prints `text` behind what was expected before; returns what it printed up to there."""
        wanted, deadline = text.encode(), time.monotonic() + seconds
        while wanted not in self.seen[self.taken:]:
            if not self._read(1) and time.monotonic() > deadline:
                sys.exit(f"FAILED: it never says {text!r}; since then it said {self.seen[self.taken:]!r}")
        end = self.seen.index(wanted, self.taken) + len(wanted)
        said, self.taken = self.seen[self.taken:end], end
        return said.decode(errors="replace")

    def shows_typing(self):
        """Whether what is typed is shown by the terminal."""
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def type(self, text):
        """Types it; end a line with \\n."""
        os.write(self.fd, text.encode())

    def ask(self, line, prompt):
        """Types a line and returns what is printed up to the next prompt."""
        self.type(line + "\n")
        return self.expect(prompt)

    def end(self, seconds=30):
        """Waits for its end; returns the status."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            self._read(0.1)
        os.kill(self.pid, signal.SIGKILL)
        sys.exit(f"FAILED: it does not end; it said {self.seen[-300:]!r}")
