{{/* A CRD with a reduced schema. In: group, kind, plural, scope; optional singular, short, versions, need (of
spec), top (required at the top), properties (of spec: others are pruned, as upstream), status, more (beside spec),
annotations, labels. The first version is the stored one. */}}
{{- define "argo-cd.crd" -}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {{ .plural }}.{{ .group }}
  {{- with .annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .labels }}
  labels: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  group: {{ .group }}
  scope: {{ .scope | default "Namespaced" }}
  names:
    kind: {{ .kind }}
    listKind: {{ .kind }}List
    plural: {{ .plural }}
    singular: {{ lower .kind }}
    {{- with .short }}
    shortNames: {{ toJson . }}
    {{- end }}
    {{- with .categories }}
    categories: {{ toJson . }}
    {{- end }}
  versions:
  {{- $crd := . }}
  {{- range $at, $version := .versions | default (list "v1") }}
    - name: {{ $version }}
      served: {{ not (has $version ($crd.unserved | default list)) }}
      storage: {{ eq $at 0 }}
      {{- if ne $crd.status "none" }}
      subresources: {status: {}}
      {{- end }}
      schema:
        openAPIV3Schema:
          type: object
          {{- with $crd.top }}
          required: {{ toJson . }}
          {{- end }}
          properties:
            apiVersion: {type: string}
            kind: {type: string}
            metadata: {type: object}
            spec:
              type: object
              {{- with $crd.need }}
              required: {{ toJson . }}
              {{- end }}
              {{- with $crd.properties }}
              properties: {{ toJson . }}
              {{- end }}
            status:
              type: object
              x-kubernetes-preserve-unknown-fields: true
          {{- with $crd.more }}
            {{- toYaml . | nindent 12 }}
          {{- end }}
  {{- end }}
{{ end -}}
