"""Writes random CSV files and says what Python's csv reader sees in them.

Usage: files.py SEED FIRST COUNT. Prints one JSON object for each file. A file depends on the seed and its number only.
"""

import csv
import io
import json
import random
import sys

COLUMNS = ["userId", "email", "firstName", "lastName"]
PLAIN = ["a", "Zo\u00eb", "\u674e", "O'Neil", " ", ", Jr.", '"', '""', "=1+1", "@SUM(A1)", "-2", ";", "\\", "\u2028", "\ufeff", "\u202e",
         "\U0001f469\u200d\U0001f467", "victim-1,evil@example.com,Eve,Eve"]
ODD = ["\n", "\r", "\r\n", "\n\n", "\0", "\t", "\x1b[2J", "\x85", '"\n', '\n"', '"\r"', '\\"\n',
       "\nvictim-1,evil@example.com,Eve,Eve\n", "\rvictim-2,evil@example.com,Eve,Eve\r",
       '"\nvictim-3,evil@example.com,Eve,Eve\n"', "\r\nvictim-4,evil@example.com,Eve,Eve\r\n"]
GOOD_ADDRESSES = ["ada@example.com", "a.b+c@mail.example.co.uk", "o'neil@example.org", "x_1@example.net"]
QUOTING = [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC] + [
    getattr(csv, name) for name in ("QUOTE_STRINGS", "QUOTE_NOTNULL") if hasattr(csv, name)]
csv.field_size_limit(10_000_000)


def name(rng):
    if rng.random() < 0.05:
        return rng.choice(["x", "\u00fc", "victim-1,evil@example.com,Eve,Eve\n"]) * rng.choice([255, 256, 600, 900])
    pieces = PLAIN if rng.random() < 0.6 else PLAIN + ODD
    return "".join(rng.choice(pieces) for _ in range(rng.randrange(5)))


def cell(rng, column, number):
    if column == "userId":
        odd = ["", " ", "a b", f"\ufefff{number}-0", f"f{number}-0\n", "1\r2", "\0", "x" * 65]
        return rng.choice(odd) if rng.random() < 0.08 else f"f{number}-{rng.randrange(4)}"
    if column == "email":
        odd = ["", "nobody", "a@b@c.de", " ada@example.com", "ada@example.com\n", "ada@example.com\0", '"a"@example.com\r']
        return rng.choice(odd) if rng.random() < 0.2 else rng.choice(GOOD_ADDRESSES)
    return name(rng)


def columns(rng):
    chosen = rng.sample(COLUMNS, rng.randrange(2, 5))
    return chosen if {"userId", "email"} <= set(chosen) or rng.random() < 0.1 and "userId" in chosen else COLUMNS


def write(rng, number):
    """The text of a file, and whether a writer of RFC 4180 made it."""
    is_rfc = rng.random() < 0.7
    options = {"lineterminator": rng.choice(["\n", "\r\n", "\r"])}
    if is_rfc:
        options["quoting"] = rng.choice(QUOTING)
    else:
        options |= {"quoting": rng.choice(QUOTING + [csv.QUOTE_NONE]), "escapechar": "\\", "doublequote": rng.random() < 0.5}
    text = io.StringIO(newline="")
    writer = csv.writer(text, **options)
    head = columns(rng)
    writer.writerow(head)
    for _ in range(rng.randrange(6)):
        row = [cell(rng, column, number) for column in head]
        if rng.random() < 0.05:
            row = row + [""] if rng.random() < 0.5 else row[:-1]
        writer.writerow(row)
        if rng.random() < 0.1:
            text.write(options["lineterminator"])
    text = text.getvalue()
    if rng.random() < 0.3:
        text = text.removesuffix(options["lineterminator"])
    if not is_rfc and rng.random() < 0.6:
        text = damage(rng, text)
    return text, is_rfc


def damage(rng, text):
    """What careless exporters, editors and attackers do."""
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(len(text) + 1)
        kind = rng.random()
        if kind < 0.4:
            text = text[:place] + text[place + 1:]
        else:
            text = text[:place] + rng.choice(['"', '""', ",", "\n", "\r", "\r\n", " ", "\0", '"\n'] + ODD) + text[place:]
    return text


def read(text):
    """Every row that the reader sees, with the line on which it begins."""
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(io.StringIO(text, newline=""))
    rows, begins, kind = [], 1, None
    for values in reader:
        # The kind of line end before a row that is not the kind of the first row's: to us, both are one row.
        before = end(lines[begins - 2]) if begins > 1 else None
        after = end(lines[reader.line_num - 1])
        kind = kind or after
        rows.append({"line": begins, "joined": before not in (kind, None), "oddEnd": after not in (kind, None), "values": values})
        begins = reader.line_num + 1
    return rows


def end(line):
    return "LF" if line.endswith("\n") else "CR" if line.endswith("\r") else None


def main(seed, first, count):
    for number in range(first, first + count):
        rng = random.Random(f"{seed}-{number}")
        while True:
            try:
                text, is_rfc = write(rng, number)
                break
            except csv.Error:
                continue  # Without quotes some rows cannot be written at all.
        body = text.encode()
        if rng.random() < 0.2:
            body = b"\xef\xbb\xbf" + body
        print(json.dumps({"number": number, "body": body.hex(), "isRfc": is_rfc, "rows": read(text)}))


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
