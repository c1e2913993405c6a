#!/usr/bin/env python3
"""Counts the files and functions that one change passes from HTTP to its receipt.

usage: python3 checks/one-change.py

The list is docs/one-change.txt. Each function in it must exist in its file, and so must each function that ARCHITECTURE.md names
beside a file; otherwise the exit code is 1. The counts are only printed: they show how much there is to read.
"""

import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIST = ROOT / "docs" / "one-change.txt"
MAP = ROOT / "ARCHITECTURE.md"
KINDS = ("read", "helper")
# An `impl` at the beginning of a line, with the type after `for` if it implements a trait.
IMPL = re.compile(r"impl(?:<.*?>)? (?:.* for )?(\w+)")
FUNCTION = re.compile(r"\s*(?:pub(?:\([\w: ]+\))? )?(?:const )?(?:async )?fn (\w+)")


def functions_of(text):
    """The functions of a source file, each as `name` or `Type::name`. Code is formatted, so a block that begins at the margin
    ends with a brace at the margin."""
    found, type_name = set(), None
    for line in text.split("\n"):
        if line.startswith("impl"):
            type_name = IMPL.match(line).group(1)
        elif line == "}":
            type_name = None
        function = FUNCTION.match(line)
        if function:
            name = function.group(1)
            found.add(f"{type_name}::{name}" if type_name else name)
    return found


def entries():
    """The lines of the list: step, kind, file, function."""
    step = None
    for number, line in enumerate(LIST.read_text().split("\n"), 1):
        if line.startswith("== "):
            step = line[3:]
        elif line and not line.startswith("#"):
            kind, path, function = line.split()
            if kind not in KINDS:
                sys.exit(f"{LIST.name}:{number}: {kind} is neither of {', '.join(KINDS)}")
            yield step, kind, path, function


def map_faults():
    """Functions that the map names, such as `choose()`, and that none of the files linked in the same item or row has."""
    # An item or a row of a table may go over several lines.
    for item in re.split(r"\n(?=- |\||\n)", MAP.read_text()):
        paths = [ROOT / path for path in re.findall(r"\]\(([^)]+\.rs)\)", item)]
        known = set()
        for path in paths:
            if path.exists():
                known |= {name.rsplit("::", 1)[-1] for name in functions_of(path.read_text())}
        if paths:
            for function in re.findall(r"`(\w+)\(\)`", item):
                if function not in known:
                    yield f"{MAP.name}: none of {', '.join(path.name for path in paths)} has the function {function}"


def main():
    known, faults, seen = {}, list(map_faults()), set()
    steps = collections.defaultdict(lambda: collections.Counter())
    files = collections.defaultdict(set)
    packages = collections.defaultdict(lambda: (set(), collections.Counter()))
    for step, kind, path, function in entries():
        if path not in known:
            source = ROOT / path
            known[path] = functions_of(source.read_text()) if source.exists() else None
        if known[path] is None:
            faults.append(f"{path}: there is no such file")
        elif function not in known[path]:
            faults.append(f"{path}: there is no function {function}")
        if (path, function) in seen:
            faults.append(f"{path}: {function} is listed twice")
        seen.add((path, function))
        steps[step][kind] += 1
        files[kind].add(path)
        package_files, package_functions = packages[path.split("/src/")[0]]
        package_functions[kind] += 1
        if kind == "read":
            package_files.add(path)
    if faults:
        sys.exit("\n".join(faults))

    print(f"{'step':<60} {'read':>6} {'helpers':>8}")
    for step, counts in steps.items():
        print(f"{step:<60} {counts['read']:>6} {counts['helper']:>8}")
    print(f"\n{'package':<44} {'files read':>11} {'functions':>11} {'helpers':>8}")
    for package, (package_files, counts) in packages.items():
        print(f"{package:<44} {len(package_files):>11} {counts['read']:>11} {counts['helper']:>8}")
    read = sum(counts["read"] for counts in steps.values())
    helpers = sum(counts["helper"] for counts in steps.values())
    print(f"\nto be read: {read} functions in {len(files['read'])} files")
    print(f"with their helpers: {read + helpers} functions in {len(files['read'] | files['helper'])} files")


main()
