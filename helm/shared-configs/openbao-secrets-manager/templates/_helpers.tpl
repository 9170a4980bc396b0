{{/*
One entry of spec.data. The three policies are the defaults of external-secrets, written out because Argo CD sees
a default that the API server adds inside a list as a difference.
Takes {secretKey, remoteKey, property}.
*/}}
{{- define "openbao-secrets-manager.data" -}}
- secretKey: {{ .secretKey }}
  remoteRef:
    key: {{ .remoteKey }}
    property: {{ .property }}
    conversionStrategy: Default
    decodingStrategy: None
    metadataPolicy: None
{{- end -}}

{{/*
Labels of the Secrets that external-secrets makes. Named, because without them it copies those of the ExternalSecret,
and a Secret with this release's instance label would look to Argo CD like an object of the release to prune.
*/}}
{{- define "openbao-secrets-manager.secretLabels" -}}
app.kubernetes.io/part-of: {{ index .Chart.Annotations "app.kubernetes.io/part-of" }}
app.kubernetes.io/managed-by: external-secrets
{{- end -}}
