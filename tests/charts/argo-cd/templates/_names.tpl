{{/* The name that upstream gives: the release's, when it contains the chart's short name. */}}
{{- define "argo-cd.fullname" -}}
{{- $name := default "argocd" .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* In: root, name (what follows "argocd-" in app.kubernetes.io/name), component. */}}
{{- define "argo-cd.labels" -}}
helm.sh/chart: argo-cd-{{ .root.Chart.Version }}
app.kubernetes.io/name: {{ .root.Values.nameOverride }}-{{ .name | default .component }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: argocd
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{- end -}}

{{- define "argo-cd.image" -}}
{{ .Values.global.image.repository }}:{{ .Values.global.image.tag | default .Chart.AppVersion }}
{{- end -}}
