"""Runs the test programs of packages, or one of each (`user:it`), as `cargo test` does.

They are built before, all with the same features, and `target/tests.json` lists them. `cargo test --package user` would compile most
packages again, because one package alone needs fewer features of its dependencies."""

import json
import os
import pathlib
import subprocess
import sys


def programs():
    """The package, the target, the folder and the program of each test."""
    for line in pathlib.Path("target/tests.json").read_text().splitlines():
        built = json.loads(line)
        if built["reason"] == "compiler-artifact" and built["profile"]["test"] and built["executable"]:
            folder = pathlib.Path(built["manifest_path"]).parent
            package = built["package_id"].split("#")[-1].split("@")[0]
            package = package if not package[0].isdigit() else folder.name
            yield package, built["target"]["name"], folder, built["executable"]


def main():
    known = list(programs())
    for wanted in sys.argv[1:]:
        package, _, target = wanted.partition(":")
        found = [test for test in known if test[0] == package and target in ("", test[1])]
        if not found:
            sys.exit(f"there is no test {wanted} in target/tests.json")
        for _, name, folder, program in found:
            print(f"     Running {package} {name}", flush=True)
            subprocess.run([program], cwd=folder, env={**os.environ, "CARGO_MANIFEST_DIR": str(folder)}, check=True)


main()
