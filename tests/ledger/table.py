# SPDX-License-Identifier: MIT
"""Reads the tables of `sluicectl show` as a person does: a column is what stands below its title."""
import re


def cells(text):
    """The rows of a table: [{title: cell}]. A title begins or ends where its column does: a column of
    numbers ends with its title, others begin with it, and two blanks part them."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return []
    titles = [(match.group(), match.start(), match.end()) for match in re.finditer(r"\S+(?: \S+)*", lines[0])]
    rows = []
    for line in lines[1:]:
        row = {}
        pieces = [(match.group(), match.start(), match.end()) for match in re.finditer(r"\S+(?: \S+)*", line)]
        for place, (title, begin, end) in enumerate(titles):
            # The last column is printed as it is, blanks and all.
            if place == len(titles) - 1:
                row[title] = line[begin:].strip() if len(line) > begin else ""
                continue
            for piece, piece_begin, piece_end in pieces:
                if piece_begin == begin or piece_end == end:
                    row[title] = piece
                    break
        rows.append(row)
    return rows
