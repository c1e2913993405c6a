"""Checks the `docker compose` commands of the documents against the compose files: services and variables exist, and each replica
that publishes a port has one that nothing else publishes. Checks that the packages of documented `cargo` commands exist."""

import pathlib
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field

import yaml

DEFAULT_FILE = "docker-compose.yml"
COMMAND = re.compile(r"((?:[A-Z_]+=\S+ +)*)docker compose((?: +[\w./:=-]+)+)")
PACKAGE = re.compile(r"cargo (?:run|test|build)\b[^`#\n]*?(?:-p|--package)[ =]([\w-]+)")
# Options before and after the command that take a value.
WITH_VALUE = {"-f", "--file", "-p", "--project-name", "--profile", "--scale", "--env-file", "--tail", "-t", "--timeout"}
COMMANDS = {"build", "config", "down", "exec", "logs", "ps", "pull", "restart", "rm", "run", "start", "stop", "up"}


@dataclass
class Command:
    """A `docker compose` command as a document gives it."""

    variables: dict
    file: str = DEFAULT_FILE
    name: str = ""
    services: list = field(default_factory=list)
    scale: dict = field(default_factory=dict)


def parse(variables, rest):
    command = Command(dict(pair.split("=", 1) for pair in shlex.split(variables)))
    words = iter(shlex.split(rest))
    for word in words:
        option, _, value = word.partition("=")
        if option in WITH_VALUE:
            value = value or next(words, "")
            if option in ("-f", "--file"):
                command.file = value
            elif option == "--scale":
                service, _, count = value.partition("=")
                command.scale[service] = int(count)
        elif word.startswith("-"):
            continue
        elif not command.name:
            command.name = word
        else:
            command.services.append(word)
    if command.name in ("exec", "run"):
        command.services = command.services[:1]
    return command


def published(port, variables):
    """The ports of this machine that an entry publishes; `HOST:PORTS:PORT` with ports or a range, and `${NAME:-default}`."""
    text = re.sub(r"\$\{(\w+):-([^}]*)\}", lambda name: variables.get(name[1], name[2]), str(port))
    parts = text.rsplit(":", 2)
    if len(parts) == 1:
        return []
    first, _, last = parts[-2].partition("-")
    return list(range(int(first), int(last or first) + 1))


def command_faults(command, text, file):
    if command.name not in COMMANDS:
        return
    services = file["services"]
    for service in [*command.services, *command.scale]:
        if service not in services:
            yield f"names the service {service}, which {command.file} does not have"
    for name in command.variables:
        if f"${{{name}" not in text:
            yield f"sets {name}, which {command.file} does not use"
    if command.name != "up":
        return
    taken = {}
    for service, definition in services.items():
        replicas = command.scale.get(service, 1)
        for entry in definition.get("ports", []):
            ports = published(entry, command.variables)
            if ports and len(ports) < replicas:
                yield f"starts {replicas} of {service}, which publishes {len(ports)} ports"
            for port in ports:
                if port in taken:
                    yield f"publishes port {port} for {service}, which belongs to {taken[port]}"
                taken[port] = service


def document_faults(path, files):
    text = path.read_text()
    for found in COMMAND.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        command = parse(found[1], found[2])
        if command.file not in files:
            yield f"{path}:{line}: names {command.file}, which is not there"
            continue
        source, file = files[command.file]
        for fault in command_faults(command, source, file):
            yield f"{path}:{line}: `docker compose {command.name}` {fault}"


def address_faults(path, source, file):
    """Addresses in the comments of a compose file that nothing in it publishes."""
    entries = [entry for service in file["services"].values() for entry in service.get("ports", [])]
    ports = {port for entry in entries for port in published(entry, {})}
    for comment in re.findall(r"^#.*$", source, re.M):
        for port in re.findall(r"://(?:127\.0\.0\.1|localhost):(\d+)", comment):
            if int(port) not in ports:
                yield f"{path}: a comment names port {port}, which no service publishes"


def package_faults(path, packages):
    for package in PACKAGE.findall(path.read_text()):
        if package not in packages:
            yield f"{path}: names the package {package}, which is not in the workspace"


def main():
    names = subprocess.run(["git", "ls-files"], check=True, stdout=subprocess.PIPE, text=True).stdout.split("\n")
    paths = [pathlib.Path(name) for name in names if name]
    files = {str(path): (path.read_text(), yaml.safe_load(path.read_text())) for path in paths if path.match("docker-compose*.yml")}
    workspace = tomllib.loads(pathlib.Path("Cargo.toml").read_text())
    manifests = [pathlib.Path(member, "Cargo.toml") for member in workspace["workspace"]["members"]]
    packages = {tomllib.loads(manifest.read_text())["package"]["name"] for manifest in manifests}
    documents = [path for path in paths if path.suffix in (".md", ".yml", ".example") or path.name == "Dockerfile"]
    faults = [fault for path in documents for fault in document_faults(path, files)]
    faults += [fault for path, (source, file) in files.items() for fault in address_faults(path, source, file)]
    faults += [fault for path in documents for fault in package_faults(path, packages)]
    for fault in faults:
        print(fault)
    commands = sum(len(COMMAND.findall(path.read_text())) for path in documents)
    if faults or not commands:
        sys.exit(1)
    print(f"{commands} docker compose commands in {len(documents)} documents: in order")


main()
