# SPDX-License-Identifier: MIT
"""A network and a /dev/shm of one's own, with a daemon, a sender and a receiver on the loopback.

Every child of main.py has its own, so that all of them use the same paths: what a daemon stores is
named after the path of its configuration, and a state that was prepared once serves all of them.
"""
import glob
import json
import os
import shutil
import signal
import subprocess
import time

SHM = "/dev/shm"
HOME = SHM + "/relay"
ALIEN = SHM + "/alien"
INPUT, OUTPUT = 5000, 6000
# How long the product may take to start, to answer, to end.
PATIENCE = 40.0

CONFIG = """relay: {relay}
workers: 2
inputs:
  - {{name: in, port: 5000, source: socket, outputs: [out]}}
outputs:
  - {{name: out, to: ["127.0.0.1:6000"], reconnect: {{min: 20ms, max: 60ms}}}}
store:
  memory: {{size: {memory}, path: {home}/rings}}
"""
DISK = """  disk: {{path: {home}/spool, size: {disk}, segment: 1m, alarm: 50%}}
  spool: {{begin: 20%, end: 10%}}
  drop: {drop}
"""


class Wrong(Exception):
    """The product did what it must not do."""


def result_of(text):
    """The numbers of the last RESULT line."""
    lines = [line for line in text.splitlines() if line.startswith("RESULT")]
    if not lines:
        raise Wrong(f"no result: {text[-300:]}")
    words = (word.split("=", 1) for word in lines[-1].split() if "=" in word)
    return {key: int(value) if value.isdigit() else value for key, value in words}


class Place:
    """The middle server and what is around it."""

    def __init__(self, build, work, daemon=None):
        self.build, self.work = build, work
        self.program = daemon or f"{build}/sluiced"
        self.log = f"{work}/sluiced.log"
        self.daemon = None

    def run(self, *words):
        """Runs a program of the build: (status, output and errors)."""
        done = subprocess.run([f"{self.build}/{words[0]}", *words[1:]], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                              timeout=PATIENCE, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout

    def empty(self):
        """Takes everything away that a daemon left."""
        for path in glob.glob(SHM + "/*"):
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.remove(path)

    def configure(self, home=HOME, relay="middle", memory="1m", disk="8m", drop="newest"):
        """Writes the configuration; no `disk`: memory only."""
        os.makedirs(home, exist_ok=True)
        text = CONFIG.format(relay=relay, memory=memory, home=home)
        if disk:
            text += DISK.format(home=home, disk=disk, drop=drop)
        with open(home + "/sluice.yaml", "w") as file:
            file.write(text)

    def start(self, home=HOME, goes_on=False):
        """Starts the daemon and waits until it answers. False: it ended by itself. `goes_on`: what
        the last one logged stays."""
        with open(self.log, "a" if goes_on else "w") as log:
            self.daemon = subprocess.Popen([self.program, "-c", home + "/sluice.yaml"], stdout=log,
                                           stderr=log, stdin=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while self.run("sluicectl", "show", "inputs")[0]:
            if self.daemon.poll() is not None:
                return False
            if time.monotonic() > end:
                raise Wrong("the daemon does not answer")
            time.sleep(0.02)
        return True

    def show(self, what):
        """What sluicectl shows, as objects."""
        status, text = self.run("sluicectl", "show", what, "-j")
        if status:
            raise Wrong(f"sluicectl show {what}: {text}")
        return json.loads(text)

    def kill(self):
        """SIGKILL, if there is one."""
        if self.daemon and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        self.daemon = None

    def stop(self):
        """SIGTERM. Returns the status."""
        self.daemon.send_signal(signal.SIGTERM)
        try:
            status = self.daemon.wait(PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise Wrong("the daemon does not end after SIGTERM") from error
        self.daemon = None
        return status

    def send(self, count, seed, size="100-900", rate="8kpps"):
        """Sends numbered datagrams and waits until they are stored or counted as lost."""
        before = self.counted()
        status, text = self.run("sluicebench", "gen", "-q", "--to", f"127.0.0.1:{INPUT}", "--rate",
                                rate, "--size", size, "--flows", "4", "--count", str(count),
                                "--seed", str(seed))
        if status or result_of(text)["sent"] != count:
            raise Wrong(f"gen: {text}")
        end = time.monotonic() + PATIENCE
        while self.counted() - before < count:
            if self.daemon.poll() is not None or time.monotonic() > end:
                raise Wrong(f"of {count} datagrams {self.counted() - before} are stored or "
                            "counted as lost")
            time.sleep(0.02)

    def counted(self):
        """How many datagrams the inputs have stored, or lost before they were."""
        return sum(one["stored"] + sum(value for cause, value in one["lost"].items()
                                       if cause not in ("disk", "dropped_oldest"))
                   for one in self.show("inputs"))

    def receiver(self, *words):
        """Starts a receiver that keeps its books in a file."""
        text = open(f"{self.work}/sink.log", "w+")
        process = subprocess.Popen(
            [f"{self.build}/sluicebench", "sink", "-q", "--address", "127.0.0.1", "--listen",
             str(OUTPUT), "--numbered", "--state", f"{SHM}/books", "--write",
             f"{SHM}/payloads", *words], stdout=text, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        return process, text

    def result(self, receiver):
        """Waits for the receiver's end: its numbers."""
        process, text = receiver
        try:
            process.wait(2 * PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        text.seek(0)
        said = text.read()
        text.close()
        return result_of(said)

    def said(self, last=False):
        """What the daemon logged, or the last one of several."""
        with open(self.log, errors="replace") as file:
            return file.read().split(" starts with " if last else "\0")[-1]
