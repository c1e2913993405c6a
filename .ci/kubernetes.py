#!/usr/bin/env python3
"""Renders what is in deploy/kubernetes, validates it against Kubernetes' own schemas, and checks what those do not see."""
import pathlib
import re
import subprocess
import sys

import kubernetes_validate
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "deploy" / "kubernetes"
# The oldest version whose pods can wait before they end without a program for it.
VERSION = "1.30"
WORKLOADS = {"Deployment", "StatefulSet"}
faults = []


def fault(where, what):
    faults.append(f"{where}: {what}")


def render(folder):
    rendered = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True)
    if rendered.returncode != 0:
        fault(folder, rendered.stderr.strip())
        return []
    return [document for document in yaml.safe_load_all(rendered.stdout) if document]


def settings():
    """Every setting that an example of an environment file names."""
    examples = [ROOT / "nats.env.example", *ROOT.glob("services/*/.env.example")]
    return {name for path in examples for name in re.findall(r"^#?([A-Z][A-Z_]+)=", path.read_text(), re.M)}


def named(document):
    return f"{document['kind']} {document['metadata']['name']}"


def check_pod(where, pod):
    security = pod.get("securityContext", {})
    if not security.get("runAsNonRoot") or security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        fault(where, "may run as root, or without the runtime's seccomp profile")
    if pod.get("automountServiceAccountToken") is not False:
        fault(where, "gets a token of Kubernetes that it does not need")
    for container in pod["containers"]:
        check_container(f"{where}, container {container['name']}", container, pod)


def check_container(where, container, pod):
    security = container.get("securityContext", {})
    if not security.get("readOnlyRootFilesystem"):
        fault(where, "may write to its root file system")
    if security.get("allowPrivilegeEscalation") is not False or security.get("capabilities") != {"drop": ["ALL"]}:
        fault(where, "may gain privileges")
    for probe in ("livenessProbe", "readinessProbe"):
        if probe not in container:
            fault(where, f"has no {probe}")
    resources = container.get("resources", {})
    if set(resources.get("requests", {})) != {"cpu", "memory"} or "memory" not in resources.get("limits", {}):
        fault(where, "does not say what it needs: requests of cpu and memory, a limit of memory")
    ports = {port["name"] for port in container.get("ports", [])}
    probes = [container[name] for name in ("startupProbe", "livenessProbe", "readinessProbe") if name in container]
    for probe in probes:
        port = (probe.get("httpGet") or probe.get("tcpSocket") or {}).get("port")
        if port is not None and port not in ports:
            fault(where, f"is probed at port {port}, which it does not have")
    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    for mount in container.get("volumeMounts", []):
        if mount["name"] not in volumes and mount["name"] not in pod.get("claims", []):
            fault(where, f"mounts {mount['name']}, which the pod does not have")


def check_settings(where, container, known):
    for variable in container.get("env", []):
        if variable["name"] not in known:
            fault(where, f"sets {variable['name']}, which no .env.example knows")


def references(container):
    """Secrets that the container takes settings from."""
    sources = [source["secretRef"]["name"] for source in container.get("envFrom", [])]
    return sources + [
        variable["valueFrom"]["secretKeyRef"]["name"]
        for variable in container.get("env", [])
        if "secretKeyRef" in variable.get("valueFrom", {})
    ]


def check_together(documents, known):
    secrets = {document["metadata"]["name"] for document in documents if document["kind"] == "Secret"}
    templates = {}
    for document in documents:
        if document["metadata"].get("namespace") != "hubsync" and document["kind"] != "Namespace":
            fault(named(document), "is not in the namespace hubsync")
        if document["kind"] in WORKLOADS:
            spec = document["spec"]
            pod = dict(spec["template"]["spec"])
            pod["claims"] = [claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", [])]
            check_pod(named(document), pod)
            templates[named(document)] = (spec["template"]["metadata"]["labels"], pod, spec["replicas"])
            for container in pod["containers"]:
                if container["image"].startswith("hubsync-") and "sandbox" not in container["image"]:
                    check_settings(named(document), container, known)
                for secret in references(container):
                    if secret not in secrets:
                        fault(named(document), f"takes settings from the secret {secret}, which the trial does not make")
    budgets = []
    for document in documents:
        if document["kind"] == "PodDisruptionBudget":
            budgets.append(document["spec"]["selector"]["matchLabels"])
        if document["kind"] in ("PodDisruptionBudget", "Service", "NetworkPolicy"):
            spec = document["spec"]
            selector = spec.get("selector") or spec.get("podSelector")
            selector = selector.get("matchLabels", selector)
            if not any(selector.items() <= labels.items() for labels, _, _ in templates.values()):
                fault(named(document), f"is about no pods: {selector}")
    for name, (labels, _, replicas) in templates.items():
        if replicas > 1 and not any(budget.items() <= labels.items() for budget in budgets):
            fault(name, "has replicas, and no disruption budget")


def main():
    documents = []
    folders = sorted(path.parent for path in FOLDER.glob("*/kustomization.yaml"))
    for folder in folders:
        for document in render(folder):
            documents.append(document)
            try:
                kubernetes_validate.validate(document, VERSION, strict=True)
            except kubernetes_validate.ValidationError as error:
                fault(f"{folder.name}, {named(document)}", f"{list(error.path)}: {error.message}")
    check_together(documents, settings() | {"LOG_FORMAT"})
    for line in faults:
        print(line, file=sys.stderr)
    print(f"{len(documents)} documents in {len(folders)} folders: {'in order' if not faults else f'{len(faults)} faults'}")
    return 1 if faults or not documents else 0


if __name__ == "__main__":
    sys.exit(main())
