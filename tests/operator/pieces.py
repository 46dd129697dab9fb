# SPDX-License-Identifier: MIT
"""From one configuration to another, piece by piece: the commands of sluicectl, and which
datagrams belong to whom in each."""
import copy

from world import SENDERS


def input_keys(one, source, names):
    """What `set` may say of an input, by key; "" takes the key out."""
    source = one.source or source
    return {"name": one.name, "port": str(one.port), "source": source,
            "outputs": ",".join(names[key] for key in one.outputs),
            "receive": one.receive if source == "socket" else "",
            "priority": str(one.priority) if one.priority else "",
            "from": one.sender or "", "interface": one.interface or "",
            "address": one.address or "", "hook": one.hook or ""}


def output_keys(output):
    """The same of an output."""
    return {"name": output.name, "to": f"[{', '.join(one.text() for one in output.to)}]",
            "mode": output.mode, "framing": output.framing, "batch.bytes": output.batch,
            "batch.delay": output.delay, "rate": output.rate or "", "id": output.guid or "",
            "reconnect.min": "20ms", "reconnect.max": "200ms", "connect-timeout": "1s",
            "dead-after": "3s"}


def pairs(now, then):
    """KEY=VALUE of what is another value."""
    return [f"{key}={value}" for key, value in then.items() if now.get(key, "") != value]


def switched(now, then):
    """[(words, key of a destination's port)] where nothing but destinations is switched on or
    off; None: more than that is another."""
    if [to.port for to in now.to] != [to.port for to in then.to]:
        return None
    words = []
    for old, new in zip(now.to, then.to):
        if old.weight != new.weight:
            return None
        if old.enabled != new.enabled:
            words.append(("enable" if new.enabled else "disable", new.place()))
    return words


class Way:
    """Walks from one configuration to another. `steps` has (words, configuration after them)."""

    def __init__(self, now, then):
        self.config = now.copy()
        self.steps = []
        self.then = then
        if now.workers != then.workers:
            self.config.workers = then.workers
            self._step("set", f"workers={then.workers}")
        # Names are those of the configuration that is walked on.
        for output in then.outputs:
            if not now.output(output.key):
                self._add_output(output)
        for output in now.outputs:
            if then.output(output.key):
                self._change_output(output, then.output(output.key))
        for one in now.inputs:
            if not then.input(one.key):
                self._delete(one, self.config.inputs)
        for one in now.inputs:
            if then.input(one.key):
                self._change_input(one, then.input(one.key))
        for one in then.inputs:
            if not now.input(one.key):
                self._add_input(one)
        for output in now.outputs:
            if not then.output(output.key):
                self._delete(output, self.config.outputs)

    def _step(self, *words):
        """These words lead to the configuration as it is now."""
        self.steps.append((words, self.config.copy()))

    def _names(self):
        """Names of outputs by key."""
        return {output.key: output.name for output in self.config.outputs}

    def _put(self, pieces, piece):
        """The piece is like this now, or is there now."""
        place = next((place for place, one in enumerate(pieces) if one.key == piece.key), None)
        if place is None:
            pieces.append(copy.deepcopy(piece))
        else:
            pieces[place] = copy.deepcopy(piece)

    def _add_output(self, output):
        """`add output`."""
        self._put(self.config.outputs, output)
        self._step("add", "output", *pairs({}, output_keys(output)))

    def _change_output(self, now, then):
        """`set`, `enable` and `disable` of an output."""
        words = switched(now, then)
        keys = pairs(output_keys(now), output_keys(then))
        if words:
            keys = [one for one in keys if not one.startswith("to=")]
        name = now.name
        if keys:
            after = copy.deepcopy(then)
            if words:
                after.to = copy.deepcopy(now.to)
            self._put(self.config.outputs, after)
            self._step("set", name, *keys)
            name = then.name
        for verb, place in words or ():
            for to in self.config.output(then.key).to:
                if to.place() == place:
                    to.enabled = verb == "enable"
            self._step(verb, name, place)

    def _change_input(self, now, then):
        """`set`, `enable` and `disable` of an input."""
        source = self.config.source
        names = self._names()
        keys = pairs(input_keys(now, source, names), input_keys(then, source, names))
        if keys:
            after = copy.deepcopy(then)
            after.enabled = now.enabled
            self._put(self.config.inputs, after)
            self._step("set", now.name, *keys)
        if now.enabled != then.enabled:
            self._put(self.config.inputs, then)
            self._step("enable" if then.enabled else "disable", then.name)

    def _add_input(self, one):
        """`add input`."""
        self._put(self.config.inputs, one)
        self._step("add", "input", *pairs({}, input_keys(one, self.config.source, self._names())))

    def _delete(self, piece, pieces):
        """`del`."""
        pieces[:] = [one for one in pieces if one.key != piece.key]
        self._step("del", piece.name)


def are_told_apart(now, then):
    """Is it plain which output of one is which of the other (docs/configuration.md, "Which output
    is which")? Where names were exchanged and ids are no more written, nobody can know."""
    keys = {output.name: output.key for output in now.outputs}
    for output in then.outputs:
        known = now.output(output.key)
        if keys.get(output.name, output.key) != output.key:
            return False
        if known and known.guid != output.guid and known.name != output.name:
            return False
    return True


def claims(config):
    """{(sender, port): outputs that get what comes so}."""
    found = {}
    for one in config.inputs:
        if one.enabled:
            for sender in SENDERS:
                if one.sender in (None, sender):
                    found[sender, one.port] = frozenset(one.outputs)
    return found


def touched(now, then):
    """(keys of inputs, keys of outputs) that are another, came or went between two
    configurations."""
    names = [{output.key: output.name for output in config.outputs} for config in (now, then)]
    texts = []
    for config, named in zip((now, then), names):
        # An output's name in an input is not what the input is.
        texts.append(({one.key: one.text(config.source, {key: str(key) for key in named})
                       for one in config.inputs},
                      {one.key: one.text() for one in config.outputs}))
    return tuple({key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
                 for old, new in zip(*texts))
