#!/usr/bin/env python3
# SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT
"""Writes what names netlink attributes from uapi/sluice.yaml: uapi/generate.py [--check].

The lower part of uapi/sluice/netlink.h (enumerations), kmod/netlink_policy.[ch] (what the module takes),
userd/lib/netlink_policy.c (what user space takes) and tests/netlink/constants.py. They are committed, because
the module is built where there is no Python. --check writes nothing and fails where a file is not what the
specification makes, or where the specification changes numbers that are in use. Touches: those files.
"""
import hashlib
import pathlib
import sys
import textwrap

import yaml

TOP = pathlib.Path(__file__).resolve().parents[1]
COLUMNS = 100
MARK = "/* All below is made from uapi/sluice.yaml: uapi/generate.py. */\n"
MADE = "Made from uapi/sluice.yaml by uapi/generate.py"
# What programs that are out there count on: the names up to here keep their places. {list: (last one, hash of all)}
FIXED = {
    "sluice": ("destination-unconfirmed", "05a6a06dfb3ccc6b"),
    "counters": ("lost", "5c2bac4b57fea47a"),
    "operations": ("rules-exchange", "bb666550a8bd3ebf"),
}
# The least bytes of an attribute that user space takes. The module's policy does not ask for them: it refuses with a
# sentence of its own.
AT_LEAST = {"rule-ports": "sizeof(struct sluice_port_range)", "rule-destination": "4", "rule-source": "4"}
SCALARS = {"u8", "u16", "u32", "u64"}


class Fault(Exception):
    """A specification that cannot be: what, in a sentence."""


class Spec:
    """The specification, by name."""

    def __init__(self, text):
        self.yaml = yaml.safe_load(text)
        self.definitions = {one["name"]: one for one in self.yaml["definitions"]}
        self.sets = {one["name"]: one for one in self.yaml["attribute-sets"]}
        self.operations = self.yaml["operations"]["list"]
        self.attributes = self.by_name("sluice")
        self.places = {name: place for place, name in enumerate(self.attributes)}
        for name, one in self.attributes.items():
            kind = one["type"]
            if kind not in SCALARS | {"pad", "binary", "string", "nest"}:
                raise Fault(f"attribute {name}: a type {kind} is not known here")
            if kind == "nest" and one.get("nested-attributes") not in self.sets:
                raise Fault(f"attribute {name}: nested-attributes names no set: {one.get('nested-attributes')}")
        for operation in self.operations:
            for listed in self.lists(operation):
                for name in listed:
                    if name not in self.attributes:
                        raise Fault(f"operation {operation['name']}: there is no attribute {name}")

    def by_name(self, name):
        """The attributes of a set, in their order."""
        found = {}
        for one in self.sets[name]["attributes"]:
            if one["name"] in found:
                raise Fault(f"set {name}: {one['name']} is there twice")
            found[one["name"]] = one
        return found

    @staticmethod
    def lists(operation):
        """The lists of attributes of an operation: requests, replies, events."""
        for kind in ("do", "dump"):
            for side in ("request", "reply"):
                yield operation.get(kind, {}).get(side, {}).get("attributes", [])
        yield operation.get("event", {}).get("attributes", [])

    def nested(self, name):
        """The members of a set that are in a nest, and of the nests in there."""
        for member in self.by_name(name):
            yield member
            yield from self.nests(member)

    def nests(self, name):
        """What may be below an attribute of the module: of a subset its members."""
        inner = self.attributes[name].get("nested-attributes")
        if inner and "subset-of" in self.sets[inner]:
            yield from self.nested(inner)

    def of_module(self):
        """The attributes that the module speaks; all others are the daemon's."""
        found = {"pad"}
        for operation in self.operations:
            for listed in self.lists(operation):
                for name in listed:
                    found.add(name)
                    found.update(self.nests(name))
        return found

    def number(self, value):
        """A number of the specification: itself, or the definition that it names."""
        return self.definitions[value]["value"] if value in self.definitions else int(value)


def c_name(prefix, name):
    """The name in C of what the specification calls so."""
    return (prefix + name).upper().replace("-", "_")


def entries(definition):
    """(name, doc or None) of each entry of an enumeration."""
    return [(one["name"], one.get("doc")) if isinstance(one, dict) else (one, None) for one in definition["entries"]]


def type_text(spec, one):
    """The type of an attribute as the header's comments say it."""
    text = one["type"]
    size = one.get("checks", {}).get("exact-len")
    if text == "pad":
        return "padding"
    if size is not None:
        text += f" {spec.number(size)}"
    if text == "nest":
        inner = one["nested-attributes"]
        text = "nested sluice_counter_attribute" if inner == "counters" else "nested"
    return text + (", repeated" if one.get("multi-attr") else "")


def member(text, comment):
    """A line of an enumeration and what there is to say of it: behind it, or above where that is too long."""
    line = f"\t{text},"
    if not comment:
        return line + "\n"
    short = line.expandtabs(8)
    tabs = max(1, (48 - len(short) + 7) // 8)
    if len((line + "\t" * tabs).expandtabs(8)) + len(comment) + 6 <= COLUMNS:
        return line + "\t" * tabs + f"/* {comment} */\n"
    if len(comment) + 14 <= COLUMNS:
        return f"\t/* {comment} */\n{line}\n"
    wrapped = textwrap.wrap(comment, COLUMNS - 11, break_on_hyphens=False)
    return "\t/*\n" + "".join(f"\t * {part}\n" for part in wrapped) + f"\t */\n{line}\n"


def enumeration(name, members, comment=None):
    """An enumeration of (text, comment)."""
    head = f"/* {comment} */\n" if comment else ""
    return f"{head}enum {name} {{\n" + "".join(member(text, said) for text, said in members) + "};\n"


def ends(prefix, name):
    """What closes an enumeration that grows."""
    return [(f"__{prefix}END", None), (f"{prefix}{name} = __{prefix}END - 1", None)]


def sentence(definition):
    """What a definition says of itself, or nothing."""
    text = definition.get("doc")
    return text[0].upper() + text[1:] if text else None


def defines(spec, scope):
    """The numbers of a scope, and the flags of all."""
    text = ""
    for one in spec.yaml["definitions"]:
        if one["type"] == "const" and one.get("scope", "uapi") == scope:
            said = f" /* {one['doc']} */" if one.get("doc") else ""
            text += f"#define {c_name('SLUICE_', one['name'])} {one['value']}{said}\n"
    return text


def header_part(spec):
    """The enumerations of uapi/sluice/netlink.h."""
    # Tables are aligned as the kernel does it, which is not clang-format's way.
    text = MARK + "/* clang-format off */\n\n" + defines(spec, "uapi") + "\n"
    text += enumeration("sluice_command", [("SLUICE_CMD_UNSPEC", None)] +
                        [(c_name("SLUICE_CMD_", one["name"]), None) for one in spec.operations] + ends("SLUICE_CMD_", "MAX"))
    for one in spec.yaml["definitions"]:
        if one["type"] == "const":
            continue
        prefix, first = one["name-prefix"], one.get("value-start", 0)
        text += "\n"
        if one["type"] == "flags":
            text += f"/* {sentence(one)} */\n" if one.get("doc") else ""
            for place, (name, doc) in enumerate(entries(one)):
                text += f"#define {c_name(prefix, name)} {1 << place:#04x}" + (f" /* {doc} */\n" if doc else "\n")
        else:
            text += enumeration("sluice_" + one["name"], [(f"{c_name(prefix, name)} = {first + place}", doc)
                                                          for place, (name, doc) in enumerate(entries(one))], sentence(one))
    module = spec.of_module()
    members = [("SLUICE_A_UNSPEC", None)]
    for name, one in spec.attributes.items():
        said = f"[{type_text(spec, one)}]"
        if one.get("enum"):
            said += " enum sluice_" + one["enum"] if spec.definitions[one["enum"]]["type"] == "enum" else \
                " " + c_name(spec.definitions[one["enum"]]["name-prefix"], "*")
        said += " " + one["doc"] if one.get("doc") else ""
        members.append((c_name("SLUICE_A_", name), said + ("" if name in module else " [D]")))
    text += "\n" + enumeration("sluice_attribute", members + ends("SLUICE_A_", "MAX"),
                               "Top-level attributes. In brackets: the type.")
    members = [("SLUICE_C_UNSPEC", None)]
    for name, one in spec.by_name("counters").items():
        said = f"[{type_text(spec, one)}]" + (" " + one["doc"] if one.get("doc") else "")
        members.append((c_name("SLUICE_C_", name), said))
    text += "\n" + enumeration("sluice_counter_attribute", members + ends("SLUICE_C_", "MAX"), spec.sets["counters"]["doc"])
    return text + "\n#endif /* SLUICE_NETLINK_H */\n"


def header(spec, before):
    """uapi/sluice/netlink.h: its words as they are, what follows them anew."""
    if MARK not in before:
        raise Fault("uapi/sluice/netlink.h has lost the line behind which all is made: " + MARK.strip())
    return before[:before.index(MARK)] + header_part(spec)


def module_policy(spec, one, tables):
    """One entry of a policy of the module."""
    kind, checks = one["type"].upper(), one.get("checks", {})
    if "exact-len" in checks:
        return f"NLA_POLICY_EXACT_LEN({limit(checks['exact-len'])})"
    if one["type"] == "nest":
        return f"NLA_POLICY_NESTED({tables[one['nested-attributes']]})"
    if "flags-mask" in checks:
        flags = spec.definitions[checks["flags-mask"]]
        return f"NLA_POLICY_MASK(NLA_{kind}, {(1 << len(flags['entries'])) - 1:#x})"
    if one.get("enum"):
        of_enum = spec.definitions[one["enum"]]
        return f"NLA_POLICY_MAX(NLA_{kind}, {c_name(of_enum['name-prefix'], entries(of_enum)[-1][0])})"
    if "max" in checks:
        return f"NLA_POLICY_MAX(NLA_{kind}, {limit(checks['max'])})"
    if one["type"] in ("string", "binary"):
        kind = "NUL_STRING" if one["type"] == "string" else kind
        return f"{{ .type = NLA_{kind}, .len = {limit(checks['max-len'])} }}"
    return f"{{ .type = NLA_{kind} }}"


def limit(value):
    """A limit as C writes it."""
    return value if isinstance(value, int) else c_name("SLUICE_", value)


def module_tables(spec):
    """{table: its attributes}, {operation: (table, last attribute)}. An operation goes by a table of another one
    where it takes of that one's attributes all up to its own last."""
    tables, used = {}, {}
    requests = {one["name"]: one.get("do", {}).get("request", {}).get("attributes", [])
                for one in spec.operations if "do" in one or "dump" in one}
    subsets = {name: list(spec.by_name(name)) for name, one in spec.sets.items() if "subset-of" in one}
    for name, listed in sorted({**subsets, **requests}.items(), key=lambda pair: (-len(pair[1]), pair[0] not in subsets)):
        if not listed:
            continue
        last = max(listed, key=spec.places.get)
        for table, others in tables.items():
            if set(listed) == {other for other in others if spec.places[other] <= spec.places[last]}:
                used[name] = (table, last)
                break
        else:
            tables[name] = listed
            used[name] = (name, last)
    return tables, used


def last_name(name):
    """The name of the last attribute that an operation, or a nest, takes."""
    return c_name("SLUICE_", name) + "_LAST"


def module_header(spec):
    """kmod/netlink_policy.h"""
    tables, used = module_tables(spec)
    text = f"/* SPDX-License-Identifier: GPL-2.0 */\n/* {MADE}: what the commands of the family take. */\n"
    text += "#ifndef SLUICE_KMOD_NETLINK_POLICY_H\n#define SLUICE_KMOD_NETLINK_POLICY_H\n\n"
    text += "#include <net/netlink.h>\n#include <sluice/netlink.h>\n\n" + defines(spec, "kernel")
    text += "\n/* The last attribute that a command takes, and a nest. */\n"
    for name, (_, last) in used.items():
        text += f"#define {last_name(name)} {c_name('SLUICE_A_', last)}\n"
    text += "\n/* One serves several commands, which take less of it. */\n"
    for name in tables:
        text += f"extern const struct nla_policy {policy_name(name)}[{last_name(name)} + 1];\n"
    return text + "\n#endif /* SLUICE_KMOD_NETLINK_POLICY_H */\n"


def policy_name(name):
    """The name of a table."""
    return c_name("sluice_", name).lower() + "_policy"


def module_source(spec):
    """kmod/netlink_policy.c"""
    tables, _ = module_tables(spec)
    names = {name: policy_name(name) for name in tables}
    text = f"// SPDX-License-Identifier: GPL-2.0\n/*\n * {MADE}: what the commands of the family\n"
    text += " * take. netlink.c says which command goes by which table. Touches: nothing.\n */\n"
    text += '#include "netlink_policy.h"\n'
    for name, listed in tables.items():
        text += f"\nconst struct nla_policy {policy_name(name)}[{last_name(name)} + 1] = {{\n"
        for attribute in sorted(listed, key=spec.places.get):
            text += f"\t[{c_name('SLUICE_A_', attribute)}] = {module_policy(spec, spec.attributes[attribute], names)},\n"
        text += "};\n"
    return text


def user_policy(one):
    """One entry of the policy of user space, or None: it takes everything."""
    kind, checks, name = one["type"], one.get("checks", {}), one["name"]
    if kind in SCALARS:
        return f".type = NLA_{kind.upper()}"
    if kind == "nest":
        return ".type = NLA_NESTED"
    if kind == "string":
        most = checks.get("max-len")
        return ".type = NLA_STRING" + (f", .maxlen = {limit(most)} + 1" if most else "")
    if "exact-len" in checks:
        size = limit(checks["exact-len"])
        return f".minlen = {size}, .maxlen = {size}"
    if name in AT_LEAST:
        most = checks["max-len"] if name != "rule-ports" else None
        return f".minlen = {AT_LEAST[name]}" + (f", .maxlen = {most}" if most else "")
    return None


def user_table(name, prefix, attributes):
    """A policy of libnl's."""
    text = f"\nconst struct nla_policy {name}[{prefix}MAX + 1] = {{\n"
    for attribute, one in attributes.items():
        body = user_policy(one)
        if body:
            text += f"\t[{c_name(prefix, attribute)}] = {{{body}}},\n"
    return text + "};\n"


def user_source(spec):
    """userd/lib/netlink_policy.c"""
    text = f"// SPDX-License-Identifier: MIT\n/*\n * {MADE}: what an attribute must look like for\n"
    text += " * both ends in user space. See netlink.h. Touches: nothing.\n */\n#include \"netlink.h\"\n"
    text += user_table("sluice_netlink_policy", "SLUICE_A_", spec.attributes)
    return text + user_table("sluice_netlink_counter_policy", "SLUICE_C_", spec.by_name("counters"))


def python_type(spec, one):
    """The type of an attribute for the tests."""
    if one.get("checks", {}).get("exact-len") == "guid-size":
        return "guid"
    return one["type"]


def python_source(spec):
    """tests/netlink/constants.py"""
    enums = {"sluice_command": ["SLUICE_CMD_UNSPEC"] + [c_name("SLUICE_CMD_", one["name"]) for one in spec.operations],
             "sluice_attribute": ["SLUICE_A_UNSPEC"] + [c_name("SLUICE_A_", name) for name in spec.attributes],
             "sluice_counter_attribute": ["SLUICE_C_UNSPEC"] + [c_name("SLUICE_C_", name) for name in spec.by_name("counters")]}
    text = f'# SPDX-License-Identifier: MIT\n"""{MADE}: the numbers of the schema, and the types of attributes."""\n'
    text += "ENUMERATIONS = {\n"
    for name, members in enums.items():
        text += f'    "{name}": {{\n'
        text += "".join(f'        "{one}": {place},\n' for place, one in enumerate(members))
        text += f'        "{members[0].removesuffix("UNSPEC")}MAX": {len(members) - 1},\n    }},\n'
    for one in spec.yaml["definitions"]:
        if one["type"] == "const":
            continue
        text += f'    "sluice_{one["name"].replace("-", "_")}": {{\n'
        for place, (name, _) in enumerate(entries(one)):
            value = 1 << place if one["type"] == "flags" else one.get("value-start", 0) + place
            text += f'        "{c_name(one["name-prefix"], name)}": {value},\n'
        text += "    },\n"
    text += "}\n# Without SLUICE_A_. A nest is one of the same set but for those in NESTS.\nTYPES = {\n"
    for name, one in spec.attributes.items():
        text += f'    "{c_name("", name)}": "{python_type(spec, one)}",\n'
    text += "}\nNESTS = {\n"
    for name, one in spec.attributes.items():
        if one["type"] == "nest":
            text += f'    "{c_name("", name)}": "{one["nested-attributes"]}",\n'
    return text + "}\n"


def check_places(spec):
    """Numbers that are in use stay: a name goes behind the last, and none goes away."""
    lists = {"sluice": list(spec.attributes), "counters": list(spec.by_name("counters")),
             "operations": [one["name"] for one in spec.operations]}
    for name, (last, wanted) in FIXED.items():
        fixed = lists[name][:lists[name].index(last) + 1] if last in lists[name] else []
        found = hashlib.sha256(" ".join(fixed).encode()).hexdigest()[:16]
        if found != wanted:
            raise Fault(f"{name}: what comes up to {last} is not what it was ({found}); numbers go by place and are in use, "
                        f"so what is new goes to the end, and nothing leaves")


def main():
    """Writes the files, or compares them."""
    spec = Spec((TOP / "uapi/sluice.yaml").read_text(encoding="utf-8"))
    check_places(spec)
    path = TOP / "uapi/sluice/netlink.h"
    files = {path: header(spec, path.read_text(encoding="utf-8")), TOP / "kmod/netlink_policy.h": module_header(spec),
             TOP / "kmod/netlink_policy.c": module_source(spec), TOP / "userd/lib/netlink_policy.c": user_source(spec),
             TOP / "tests/netlink/constants.py": python_source(spec)}
    stale = 0
    for path, text in files.items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        print(f"{path.relative_to(TOP)}: " + ("is not what uapi/sluice.yaml makes; run: make netlink"
                                              if "--check" in sys.argv[1:] else "written"))
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Fault as fault:
        sys.exit(f"uapi/sluice.yaml: {fault}")
