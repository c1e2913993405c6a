"""Checks the dependency tree: licences, and crates that are there in several incompatible versions.

Advisories are checked by cargo-deny or cargo-audit where one is installed and reaches its database; where not, this
says so aloud.
"""

import json
import shutil
import subprocess
import sys
from collections import defaultdict

ALLOWED = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0",
    "CDLA-Permissive-2.0", "ISC", "MIT", "MIT-0", "Unicode-3.0", "Unlicense", "Zlib",
}

# Crates allowed twice, each with what keeps the older version.
TWICE = {
    "base64": "reqwest and sqlx are a version apart from async-nats",
    "block-buffer": "sha2 0.10 below",
    "core-foundation": "security-framework on macOS",
    "cpufeatures": "sha2 0.10 below",
    "crypto-common": "sha2 0.10 below",
    "digest": "sha2 0.10 below",
    "getrandom": "rand 0.8 below",
    "hashbrown": "hashlink in sqlx",
    "r-efi": "getrandom of two versions",
    "rand": "async-nats and its nkeys",
    "rand_core": "rand 0.8 below",
    "sha2": "sqlx and nkeys",
    "syn": "derive macros that have not moved to version 3",
    "windows-sys": "crates for Windows move at different times",
}


def metadata():
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def is_allowed(expression):
    """Whether an SPDX expression can be met: each side of AND, either side of OR; `/` is the old way to write OR."""
    tokens = expression.replace("/", " OR ").replace("(", " ( ").replace(")", " ) ").split()

    def alternatives():
        value = conjunction()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            value = conjunction() or value
        return value

    def conjunction():
        value = term()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            value = term() and value
        return value

    def term():
        token = tokens.pop(0)
        if token == "(":
            value = alternatives()
            tokens.pop(0)
            return value
        if tokens and tokens[0] == "WITH":
            tokens.pop(0)
            token = f"{token} WITH {tokens.pop(0)}"
        return token in ALLOWED

    return alternatives()


def compatible(version):
    """The part of a version that changes when it breaks its users."""
    major, minor, patch = version.split("+")[0].split("-")[0].split(".")
    return major if major != "0" else f"0.{minor}" if minor != "0" else f"0.0.{patch}"


def faults(packages):
    versions = defaultdict(set)
    for package in packages:
        if package["source"] is None:
            continue
        if not package["source"].startswith("registry+"):
            yield f"{package['name']}: comes from {package['source']}, not from the registry"
        if not package["license"] or not is_allowed(package["license"]):
            yield f"{package['name']} {package['version']}: licence {package['license']!r} is not allowed"
        versions[package["name"]].add(compatible(package["version"]))
    for name, found in sorted(versions.items()):
        if len(found) > 1 and name not in TWICE:
            yield f"{name}: versions {', '.join(sorted(found))}; one is enough, or say in TWICE why not"
    for name in sorted(set(TWICE) - {name for name, found in versions.items() if len(found) > 1}):
        yield f"{name}: is in TWICE, but is there once; take it out"


def advisories():
    for tool, command in (("cargo-deny", ["deny", "check", "advisories"]), ("cargo-audit", ["audit"])):
        if shutil.which(tool):
            result = subprocess.run(["cargo", *command], capture_output=True, text=True)
            if result.returncode == 0:
                return print(f"advisories: none, says {tool}")
            if "fetch" in result.stderr or "network" in result.stderr:
                return print(f"advisories: NOT CHECKED: {tool} cannot reach its database")
            sys.exit(f"advisories: {result.stdout}{result.stderr}")
    print("advisories: NOT CHECKED: neither cargo-deny nor cargo-audit is installed here")


def main():
    packages = metadata()["packages"]
    found = list(faults(packages))
    for fault in found:
        print(fault)
    if found:
        sys.exit(1)
    print(f"licences and versions of {len(packages)} packages: in order")
    advisories()


main()
