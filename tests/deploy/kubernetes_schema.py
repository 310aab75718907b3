"""Reduces Kubernetes' schema to the kinds in deploy/kubernetes, and lets nothing unknown pass.

    python -m tests.deploy.kubernetes_schema 1.33.0 FILE > tests/deploy/kubernetes.schema.json

FILE is the OpenAPI document of a Kubernetes release (``api/openapi-spec/swagger.json``), or its
definitions as JSON schema, such as ``_definitions.json`` of the package kubernetes-validate.
"""

import json
import sys
from pathlib import Path
from typing import Any

KINDS = {
    "Namespace": "io.k8s.api.core.v1.Namespace",
    "ServiceAccount": "io.k8s.api.core.v1.ServiceAccount",
    "ConfigMap": "io.k8s.api.core.v1.ConfigMap",
    "Secret": "io.k8s.api.core.v1.Secret",
    "Job": "io.k8s.api.batch.v1.Job",
    "Deployment": "io.k8s.api.apps.v1.Deployment",
    "PodDisruptionBudget": "io.k8s.api.policy.v1.PodDisruptionBudget",
    "NetworkPolicy": "io.k8s.api.networking.v1.NetworkPolicy",
}
KEPT = {"type", "properties", "required", "items", "additionalProperties", "enum", "oneOf", "anyOf"}


def reduced(release: str, document: dict[str, Any]) -> dict[str, Any]:
    """Return one schema for all the kinds, without descriptions."""
    known = document.get("$defs") or document["definitions"]
    found: dict[str, Any] = {}
    waiting = list(KINDS.values())
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _plain(known[name], waiting)
    for kind, name in KINDS.items():
        *_, group, version, _ = name.split(".")
        api_version = version if group == "core" else f"{group}/{version}"
        if group == "networking":
            api_version = f"{group}.k8s.io/{version}"
        found[name]["properties"] |= {"kind": {"const": kind}, "apiVersion": {"const": api_version}}
        found[name]["required"] = ["apiVersion", "kind", "metadata"]
    return {
        "$comment": f"Of Kubernetes {release}, Apache License 2.0; made by kubernetes_schema.py",
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": list(KINDS)}},
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind}}},
                "then": {"$ref": f"#/$defs/{name}"},
            }
            for kind, name in KINDS.items()
        ],
        "$defs": dict(sorted(found.items())),
    }


def _plain(schema: Any, waiting: list[str]) -> Any:
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        waiting.append(name)
        return {"$ref": f"#/$defs/{name}"}
    if schema.get("format") == "int-or-string":
        return {"type": ["string", "integer"]}
    plain = {key: value for key, value in schema.items() if key in KEPT}
    if "properties" in plain:
        plain["properties"] = {key: _plain(value, waiting) for key, value in plain["properties"].items()}
        plain["additionalProperties"] = False
    for key in ("items", "additionalProperties"):
        if key in plain:
            plain[key] = _plain(plain[key], waiting)
    for key in ("oneOf", "anyOf"):
        if key in plain:
            plain[key] = [_plain(each, waiting) for each in plain[key]]
    return plain


if __name__ == "__main__":
    release, file = sys.argv[1:]
    sys.stdout.write(json.dumps(reduced(release, json.loads(Path(file).read_text())), indent=1) + "\n")
