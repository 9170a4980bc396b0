{{/*
Names and labels. Every template here takes the root context of the chart that includes it.

The release's name is the name of its objects, because a release is named after its Argo CD Application
(plate-web-stg), so helm and Argo CD render the same objects, and other releases can derive the name of a Service.
*/}}

{{- define "platform-common.fullname" -}}
{{ .Release.Name }}
{{- end -}}

{{/* What a selector may hold: nothing that a later version of the chart could change, since selectors are immutable. */}}
{{- define "platform-common.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/*
The version of the software: the image's tag where the chart has an image, else appVersion, else nothing.
A label holds 63 characters and ends in a letter or digit; a tag may be longer.
*/}}
{{- define "platform-common.version" -}}
{{- $image := .Values.image | default dict -}}
{{- $version := $image.tag | default .Chart.AppVersion | default "" -}}
{{- regexReplaceAll "[^A-Za-z0-9]+$" (trunc 63 $version) "" -}}
{{- end -}}

{{/*
Labels of a pod: those of its selector and what a person looks for. Without helm.sh/chart, so that a new version of
the chart alone restarts nothing. component and part-of are annotations of Chart.yaml, under the label's own key.
*/}}
{{- define "platform-common.podLabels" -}}
{{ include "platform-common.selectorLabels" . }}
{{- range $key := list "app.kubernetes.io/component" "app.kubernetes.io/part-of" }}
{{- with index ($.Chart.Annotations | default dict) $key }}
{{ $key }}: {{ . }}
{{- end }}
{{- end }}
{{- with include "platform-common.version" . }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* Labels of every object. Argo CD tells its own objects by app.kubernetes.io/instance = the release's name. */}}
{{- define "platform-common.labels" -}}
{{ include "platform-common.podLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* name, namespace and labels of an object that is named after the release. */}}
{{- define "platform-common.metadata" -}}
name: {{ include "platform-common.fullname" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "platform-common.labels" . | nindent 2 }}
{{- end -}}
