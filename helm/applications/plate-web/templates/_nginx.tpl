{{/* nginx.conf of this release. The Deployment carries its checksum: a changed file restarts the pods. */}}
{{- define "plate-web.nginxConf" -}}
{{ tpl (.Files.Get "files/nginx.conf") . | trim }}
{{- end -}}
