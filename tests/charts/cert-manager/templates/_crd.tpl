{{/* A CRD with a reduced schema. In: group, kind, plural, scope; optional singular, short, versions, need (of
spec), top (required at the top), properties (of spec), categories, annotations, labels, unserved (versions). The
first version is the stored one. Unlike upstream, what the schema does not name is kept. */}}
{{- define "cert-manager.crd" -}}
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
      subresources: {status: {}}
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
              x-kubernetes-preserve-unknown-fields: true
              {{- with $crd.need }}
              required: {{ toJson . }}
              {{- end }}
              {{- with $crd.properties }}
              properties: {{ toJson . }}
              {{- end }}
            status:
              type: object
              x-kubernetes-preserve-unknown-fields: true
  {{- end }}
{{ end -}}
