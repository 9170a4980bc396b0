{{/* The name that upstream gives: the release's, when it contains the chart's short name. */}}
{{- define "jenkins.fullname" -}}
{{- $name := default "jenkins" .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "jenkins.labels" -}}
app.kubernetes.io/name: jenkins
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: {{ .Values.controller.componentName }}
helm.sh/chart: jenkins-{{ .Chart.Version }}
{{- end -}}

{{- define "jenkins.image" -}}
{{- with .Values.controller.image -}}
{{ .registry }}/{{ .repository }}:{{ .tag | default (printf "%s-%s" $.Chart.AppVersion .tagLabel) }}
{{- end -}}
{{- end -}}
