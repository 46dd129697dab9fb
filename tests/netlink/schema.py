# SPDX-License-Identifier: MIT
"""A netlink client that owes nothing to sluice but its specification: numbers are those of uapi/sluice.yaml
(constants.py), everything else is struct and socket. For tests that must send what the tool never would."""
import pathlib
import socket
import struct

from constants import ENUMERATIONS

HEADER = pathlib.Path(__file__).resolve().parents[2] / "uapi/sluice/netlink.h"
NETLINK_GENERIC, SOL_NETLINK, NETLINK_EXT_ACK, NETLINK_CAP_ACK = 16, 270, 11, 10
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x100, 0x200, 0x400
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLA_F_NESTED = 0x8000
NLMSGERR_ATTR_MSG = 1
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 2


COMMAND = ENUMERATIONS["sluice_command"]
ATTRIBUTE = ENUMERATIONS["sluice_attribute"]


def attribute(kind, payload):
    """One netlink attribute; kind is a number or a name without SLUICE_A_."""
    if isinstance(kind, str):
        kind = ATTRIBUTE["SLUICE_A_" + kind]
    length = 4 + len(payload)
    return struct.pack("=HH", length, kind) + payload + b"\0" * (-length % 4)


class Refused(Exception):
    """The kernel's answer was an error: .number and .text (its extended error, or empty)."""

    def __init__(self, number, text):
        super().__init__(f"errno {number}: {text}")
        self.number, self.text = number, text


class Client:
    """A generic netlink socket and the id of the family."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        self.socket.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self.socket.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        self.socket.settimeout(10)
        self.socket.bind((0, 0))
        self.sequence = 0
        answer = self.call_raw(GENL_ID_CTRL, struct.pack("=BBH", CTRL_CMD_GETFAMILY, 1, 0) +
                               attribute(CTRL_ATTR_FAMILY_NAME, b"sluice\0"), 0)
        position = 20
        while position + 4 <= len(answer[0]):
            length, kind = struct.unpack_from("=HH", answer[0], position)
            if kind == CTRL_ATTR_FAMILY_ID:
                self.family = struct.unpack_from("=H", answer[0], position + 4)[0]
            position += (length + 3) & ~3

    def call_raw(self, kind, body, flags, length=None):
        """Sends one message, returns the messages of the answer; raises Refused."""
        self.sequence += 1
        total = 16 + len(body) if length is None else length
        self.socket.send(struct.pack("=IHHII", total, kind, flags | NLM_F_REQUEST | NLM_F_ACK, self.sequence, 0) + body)
        answer = []
        while True:
            packet = self.socket.recv(1 << 20)
            position = 0
            while position + 16 <= len(packet):
                size, what, answer_flags, sequence, _ = struct.unpack_from("=IHHII", packet, position)
                message = packet[position:position + size]
                position += (size + 3) & ~3
                if sequence != self.sequence:
                    continue
                if what == NLMSG_ERROR:
                    number = -struct.unpack_from("=i", message, 16)[0]
                    if number:
                        raise Refused(number, self.error_text(message, answer_flags))
                    return answer
                if what == NLMSG_DONE:
                    return answer
                answer.append(message)

    @staticmethod
    def error_text(message, flags):
        """The text of an extended error, if the answer has one (NLM_F_ACK_TLVS)."""
        if not flags & 0x200:
            return ""
        position = 16 + 4 + 16
        while position + 4 <= len(message):
            length, kind = struct.unpack_from("=HH", message, position)
            if kind & 0x3FFF == NLMSGERR_ATTR_MSG:
                return message[position + 4:position + length].rstrip(b"\0").decode()
            position += max(4, (length + 3) & ~3)
        return ""

    def call(self, command, attributes=b"", flags=0, version=1):
        """One command of the family by its name without SLUICE_CMD_."""
        number = COMMAND["SLUICE_CMD_" + command] if isinstance(command, str) else command
        return self.call_raw(self.family, struct.pack("=BBH", number, version, 0) + attributes, flags)
