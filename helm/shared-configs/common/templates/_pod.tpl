{{/* What pods and containers of the platform have in common. */}}

{{/*
repository:tag, repository@digest or repository:tag@digest (the digest decides, the tag tells people).
Takes an image: {repository, tag, digest}. An image with neither tag nor digest would mean `latest`, so it is refused.
*/}}
{{- define "platform-common.image" -}}
{{- if not (or .tag .digest) -}}
{{- fail (printf "image %s has neither tag nor digest: set image.tag" .repository) -}}
{{- end -}}
{{ .repository }}{{ with .tag }}:{{ . }}{{ end }}{{ with .digest }}@{{ . }}{{ end }}
{{- end -}}

{{/* securityContext of a pod. Takes the number of the user that the containers run as. */}}
{{- define "platform-common.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ int . }}
runAsGroup: {{ int . }}
fsGroup: {{ int . }}
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* securityContext of a container: what the Pod Security level "restricted" asks for, and a read-only root. */}}
{{- define "platform-common.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/*
startupProbe, readinessProbe and livenessProbe. Takes {startup, readiness, liveness}, each in Kubernetes' own words;
one that is missing or null is left out.
*/}}
{{- define "platform-common.probes" -}}
{{- $lines := list -}}
{{- range $name := list "startup" "readiness" "liveness" -}}
{{- with get $ $name -}}
{{- $lines = append $lines (dict (printf "%sProbe" $name) . | toYaml) -}}
{{- end -}}
{{- end -}}
{{- join "\n" $lines -}}
{{- end -}}

{{/*
Pod fields that are the same in every workload. Takes the root context; reads imagePullSecrets.
Replicas spread over the nodes where there are several; on a single node they still start.
*/}}
{{- define "platform-common.podDefaults" -}}
serviceAccountName: {{ include "platform-common.fullname" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "platform-common.selectorLabels" . | nindent 8 }}
{{- end -}}

{{/*
Deployment fields before the pod template. Takes the root context; reads replicaCount and autoscaling.enabled.
With an autoscaler the number of replicas is the autoscaler's alone: naming it here would un-scale on every upgrade.
*/}}
{{- define "platform-common.deploymentDefaults" -}}
{{- if not (and .Values.autoscaling .Values.autoscaling.enabled) }}
replicas: {{ int .Values.replicaCount }}
{{- end }}
strategy:
  type: RollingUpdate
  rollingUpdate:
    maxUnavailable: 0
    maxSurge: 1
selector:
  matchLabels:
    {{- include "platform-common.selectorLabels" . | nindent 4 }}
{{- end -}}
