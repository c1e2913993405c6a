"""Checks what no compiler checks: lock files without addresses, links and headings in documents, settings that are documented,
alerts that are explained, planted bugs that still apply."""

import pathlib
import re
import subprocess
import sys

# Longer files are worth a look: are they still one thing? They are listed, and are no fault.
LONG_SOURCE = 450


def tracked():
    names = subprocess.run(["git", "ls-files"], check=True, stdout=subprocess.PIPE, text=True).stdout.split("\n")
    return [pathlib.Path(name) for name in names if name and pathlib.Path(name).exists()]


def lock_faults():
    for line in pathlib.Path("Cargo.lock").read_text().split("\n"):
        if line.startswith("source = ") and "registry+https://github.com/rust-lang/crates.io-index" not in line:
            yield f"Cargo.lock: {line}"


def link_faults(files):
    for file in files:
        if file.suffix != ".md":
            continue
        for target in re.findall(r"\]\(([^)\s]+)\)", file.read_text()):
            path = target.split("#")[0]
            if path and "://" not in path and not path.startswith("mailto:"):
                if not (file.parent / path).exists() and "::" not in path:
                    yield f"{file}: links to {target}, which is not there"


def heading_faults(files):
    """Without a blank line before it, a heading is easily overlooked, and some take it for text."""
    for file in files:
        if file.suffix != ".md":
            continue
        text = re.sub(r"^```.*?^```", "```", file.read_text(), flags=re.M | re.S)
        for heading in re.findall(r"[^\n]\n(#{1,6} .*)", text):
            yield f"{file}: no blank line before {heading}"


def note_long_sources(files):
    for file in files:
        if file.suffix == ".rs":
            lines = len(file.read_text().split("\n"))
            if lines > LONG_SOURCE:
                print(f"note: {file} has {lines} lines")


def setting_faults(files):
    """Every variable that a service reads stands in an example file, and the other way round."""
    read, explained = set(), set()
    for file in files:
        parts = file.parts
        if file.suffix == ".rs" and "tests" not in parts and parts[0] in ("services", "shared"):
            text = re.split(r"#\[cfg\(test\)\]", file.read_text())[0]
            read |= set(re.findall(r'"((?:NATS|USER|HUBSPOT|API_GATEWAY|LOG|RUST)_[A-Z_]+)"', text))
        if file.name.endswith(".env.example"):
            explained |= set(re.findall(r"^(?:# ?)?([A-Z][A-Z_]+)=", file.read_text(), re.M))
    for name in sorted(read - explained):
        yield f"{name}: is read, but no .env.example explains it"
    for name in sorted(explained - read):
        yield f"{name}: is explained in a .env.example, but nobody reads it"


def patch_faults(files):
    for file in files:
        if file.suffix == ".patch":
            tried = subprocess.run(["git", "apply", "--check", str(file)], stderr=subprocess.PIPE, text=True)
            if tried.returncode:
                yield f"{file}: does not apply any more; make it anew: {tried.stderr.strip()}"


def alert_faults():
    """Every alert has its part in the operations, and every metric in it is one that a README explains."""
    alerts = pathlib.Path("deploy/alerts.yaml").read_text()
    operations = pathlib.Path("docs/operations.md").read_text()
    names = re.findall(r"alert: (\w+)", alerts)
    for name in names:
        if f"\n### {name}\n" not in operations:
            yield f"deploy/alerts.yaml: docs/operations.md does not say what to do about {name}"
    for name in set(re.findall(r"\n### (Hubsync\w+)\n", operations)) - set(names):
        yield f"docs/operations.md: there is no alert {name}"
    explained = "".join(path.read_text() for path in pathlib.Path("services").glob("*/README.md"))
    for metric in set(re.findall(r"hubsync_\w+", alerts)):
        if f"`{metric}" not in explained:
            yield f"deploy/alerts.yaml: no README of a service explains {metric}"


def main():
    files = tracked()
    note_long_sources(files)
    faults = [*alert_faults(), *lock_faults(), *link_faults(files), *heading_faults(files), *setting_faults(files), *patch_faults(files)]
    for fault in faults:
        print(fault)
    if faults:
        sys.exit(1)
    print(f"{len(files)} files: in order")


main()
