"""The objects that every sandbox begins with: nodes, storage, the ingress class, and the mark that it is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

MARKER_NAMESPACE: Final = "kube-system"
MARKER_NAME: Final = "platformctl-sandbox"
MARKER_KEY: Final = "token"
PROVISIONER: Final = "sandbox.platformctl.dev/played"

Seed = tuple[str, Mapping[str, Any]]  # path of the collection, object


def objects(marker: str, nodes: int, kubelet_port: int, version: str) -> Iterator[Seed]:
    yield from (("/api/v1/nodes", node(index, kubelet_port, version)) for index in range(nodes))
    yield f"/api/v1/namespaces/{MARKER_NAMESPACE}/configmaps", _marker(marker)
    yield "/apis/storage.k8s.io/v1/storageclasses", storage_class("standard", "Immediate", default=True)
    yield "/apis/storage.k8s.io/v1/storageclasses", storage_class("openebs-hostpath", "WaitForFirstConsumer")
    yield "/apis/networking.k8s.io/v1/ingressclasses", _ingress_class()
    admission = "/apis/admissionregistration.k8s.io/v1"
    yield f"{admission}/validatingadmissionpolicies", _no_way_to_pods()
    yield f"{admission}/validatingadmissionpolicybindings", _binding_of_no_way_to_pods()


def node(index: int, kubelet_port: int, version: str) -> dict[str, Any]:
    """A node that kwok makes Ready. Its kubelet's address is that of kwok's own server, on loopback."""
    name = f"node-{index}"
    size = {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "1000"}
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {**labels, "topology.kubernetes.io/zone": f"zone-{index}"}},
        "status": {
            "capacity": size,
            "allocatable": size,
            "addresses": [
                {"type": "InternalIP", "address": "127.0.0.1"},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet_port}},
            "nodeInfo": {
                "architecture": "amd64",
                "operatingSystem": "linux",
                "osImage": "played by kwok",
                "kubeletVersion": version,
                "containerRuntimeVersion": "played://1",
                **dict.fromkeys(
                    ("bootID", "machineID", "systemUUID", "kernelVersion", "kubeProxyVersion"), ""
                ),
            },
        },
    }


def storage_class(name: str, binding: str, *, default: bool = False) -> dict[str, Any]:
    """A class whose volumes the Stage claim-provisioned makes as claims come."""
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "annotations": annotations},
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": binding,
        "allowVolumeExpansion": True,
    }


def _marker(token: str) -> dict[str, Any]:
    """A cluster is a sandbox of this machine when this token is also in a folder of ours; a name proves nothing."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": MARKER_NAME, "namespace": MARKER_NAMESPACE},
        "data": {MARKER_KEY: token},
    }


def _ingress_class() -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": "nginx"},
        "spec": {"controller": "k8s.io/ingress-nginx"},
    }


def _no_way_to_pods() -> dict[str, Any]:
    """Pods have addresses outside loopback (the API server allows no other), so that nothing may dial them."""
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CONNECT"],
        "resources": ["pods/proxy", "services/proxy", "nodes/proxy"],
    }
    refusal = {"expression": "false", "message": "pods of a sandbox are played: nothing answers there"}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "sandbox-stays-on-loopback"},
        "spec": {"matchConstraints": {"resourceRules": [rule]}, "validations": [refusal]},
    }


def _binding_of_no_way_to_pods() -> dict[str, Any]:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "sandbox-stays-on-loopback"},
        "spec": {"policyName": "sandbox-stays-on-loopback", "validationActions": ["Deny"]},
    }
