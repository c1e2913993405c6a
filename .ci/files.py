"""Checks what no compiler checks: lock files without addresses; links, headings, tables, paths and numbers in documents; settings
that are documented; alerts that are explained; planted bugs that still apply."""

import pathlib
import re
import subprocess
import sys

# Without this, importing the module below would leave a folder with its bytecode.
sys.dont_write_bytecode = True
from document_numbers import number_faults  # noqa: E402

# Longer files are worth a look: are they still one thing? They are listed, and are no fault.
LONG_SOURCE = 450
# Names in documents that look like settings of a service: Kubernetes sets the first.
NO_SETTINGS = {"USER_SERVICE_HOST"}
# The operation that ARCHITECTURE.md adds as an example.
EXAMPLE = "forget_attempts"


def tracked():
    names = subprocess.run(["git", "ls-files"], check=True, stdout=subprocess.PIPE, text=True).stdout.split("\n")
    return [pathlib.Path(name) for name in names if name and pathlib.Path(name).exists()]


def lock_faults():
    for line in pathlib.Path("Cargo.lock").read_text().split("\n"):
        if line.startswith("source = ") and "registry+https://github.com/rust-lang/crates.io-index" not in line:
            yield f"Cargo.lock: {line}"


def documents(files):
    """The documents, each with its text without blocks of code."""
    for file in files:
        if file.suffix == ".md":
            yield file, re.sub(r"^ *```.*?^ *```", "```", file.read_text(), flags=re.M | re.S)


def anchors(text):
    """The anchors of a document's headings, as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#{1,6} +(.*?) *$", text, re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = 1
        unique = anchor
        while unique in found:
            unique = f"{anchor}-{number}"
            number += 1
        found.add(unique)
    return found


def link_faults(files):
    texts = dict(documents(files))
    for file, text in texts.items():
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, anchor = target.partition("#")
            if "://" in target or target.startswith("mailto:") or "::" in path:
                continue
            linked = file.parent / path if path else file
            if not linked.exists():
                yield f"{file}: links to {target}, which is not there"
            elif anchor and linked.suffix == ".md" and anchor not in anchors(linked.read_text()):
                yield f"{file}: links to {target}, which has no such heading"


def heading_faults(files):
    """Without a blank line before it, a heading is easily overlooked, and some take it for text."""
    for file, text in documents(files):
        for heading in re.findall(r"[^\n]\n(#{1,6} .*)", text):
            yield f"{file}: no blank line before {heading}"


def table_faults(files):
    """A table is shown as one only if a row of dashes with as many cells follows its header; cells beyond those are not shown."""
    for file, text in documents(files):
        for table in re.findall(r"(?:^\|.*\n?)+", text, re.M):
            rows = table.strip().split("\n")
            cells = [len(re.findall(r"(?<!\\)\|", row)) - 1 for row in rows]
            if len(rows) < 2 or not re.fullmatch(r"\|(?: *:?-+:? *\|)+", rows[1]):
                yield f"{file}: no row of dashes after the header {rows[0]}"
            for row, count in zip(rows, cells):
                if count != cells[0]:
                    yield f"{file}: {count} cells instead of {cells[0]} in the row {row}"


def path_faults(files):
    """Paths that documents and comments name, from the root or from the folder of a package, exist."""
    names = [f"/{file}" for file in files]
    roots = r"(?:services|shared|checks|tests|sandbox|deploy|docs|\.ci)/[\w./-]+\.(?:rs|md|py|sh|toml|yaml|json|sql|lua)"
    for file in files:
        if file.suffix in (".md", ".rs", ".py", ".yaml") and file.name != "CHANGELOG.md":
            for path in re.findall(rf"`({roots})`|^ *(?://[/!]?|#).* ({roots})\b", file.read_text(), re.M):
                path = path[0] or path[1]
                if EXAMPLE not in path and not any(name.endswith(f"/{path}") for name in names):
                    yield f"{file}: names {path}, which is not there"


def test_faults():
    """Every test that docs/outcomes.md names exists in a file of the module's name."""
    files = [*pathlib.Path("services/hubspot/tests/it").rglob("*.rs"), *pathlib.Path("tests/it").rglob("*.rs")]
    for module, name in re.findall(r"`(\w+)::(\w+)`", pathlib.Path("docs/outcomes.md").read_text()):
        if not any(f"fn {name}(" in file.read_text() for file in files if file.stem == module):
            yield f"docs/outcomes.md: there is no test {module}::{name}"


def decision_faults():
    """The list of decisions has each page, under its title."""
    folder = pathlib.Path("docs/decisions")
    listed = dict(re.findall(r"\[([^\]]+)\]\((\d[^)]+)\)", (folder / "README.md").read_text()))
    titles = {path.read_text().split("\n")[0].removeprefix("# "): path.name for path in folder.glob("[0-9]*.md")}
    for title in sorted(titles.items() ^ listed.items()):
        yield f"docs/decisions/README.md: list and pages differ in {title}"


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
    for file, text in documents(files):
        for name in sorted(set(re.findall(r"`((?:USER|HUBSPOT|API_GATEWAY)_[A-Z_]+)`", text)) - read - NO_SETTINGS):
            if file.name != "CHANGELOG.md" and not name.endswith("_"):
                yield f"{file}: names the setting {name}, which nobody reads"


def patch_faults(files):
    for file in files:
        if file.suffix == ".patch":
            tried = subprocess.run(["git", "apply", "--check", str(file)], stderr=subprocess.PIPE, text=True)
            if tried.returncode:
                yield f"{file}: does not apply any more; make it anew: {tried.stderr.strip()}"


def alert_faults():
    """Every alert has its part in the operations, and a README explains every metric that both name."""
    alerts = pathlib.Path("deploy/alerts.yaml").read_text()
    operations = pathlib.Path("docs/operations.md").read_text()
    names = re.findall(r"alert: (\w+)", alerts)
    for name in names:
        if f"\n### {name}\n" not in operations:
            yield f"deploy/alerts.yaml: docs/operations.md does not say what to do about {name}"
    for name in set(re.findall(r"\n### (Hubsync\w+)\n", operations)) - set(names):
        yield f"docs/operations.md: there is no alert {name}"
    explained = "".join(path.read_text() for path in pathlib.Path("services").glob("*/README.md"))
    for metric in set(re.findall(r"hubsync_\w+", alerts + operations)):
        if f"`{metric}" not in explained:
            yield f"deploy/alerts.yaml or docs/operations.md: no README of a service explains {metric}"


def main():
    files = tracked()
    note_long_sources(files)
    faults = [
        *alert_faults(), *decision_faults(), *heading_faults(files), *link_faults(files), *lock_faults(), *number_faults(),
        *patch_faults(files), *path_faults(files), *setting_faults(files), *table_faults(files), *test_faults(),
    ]
    for fault in faults:
        print(fault)
    if faults:
        sys.exit(1)
    print(f"{len(files)} files: in order")


main()
