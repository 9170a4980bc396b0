{{/* Whole objects that look the same in every workload chart. Each takes the root context. */}}

{{/* No workload of the platform talks to the Kubernetes API: the account carries no token. */}}
{{- define "platform-common.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "platform-common.metadata" . | nindent 2 }}
automountServiceAccountToken: false
{{- end -}}

{{/* Reads service {type, port}; traffic goes to the container port named http. */}}
{{- define "platform-common.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "platform-common.metadata" . | nindent 2 }}
spec:
  type: {{ .Values.service.type }}
  ports:
    - name: http
      port: {{ int .Values.service.port }}
      targetPort: http
      protocol: TCP
  selector:
    {{- include "platform-common.selectorLabels" . | nindent 4 }}
{{- end -}}

{{/* Reads podDisruptionBudget {enabled, maxUnavailable}. maxUnavailable and not minAvailable: it never blocks a drain. */}}
{{- define "platform-common.podDisruptionBudget" -}}
{{- if .Values.podDisruptionBudget.enabled -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "platform-common.metadata" . | nindent 2 }}
spec:
  maxUnavailable: {{ .Values.podDisruptionBudget.maxUnavailable }}
  selector:
    matchLabels:
      {{- include "platform-common.selectorLabels" . | nindent 6 }}
{{- end -}}
{{- end -}}

{{/* Reads autoscaling {enabled, minReplicas, maxReplicas, targetCPUUtilizationPercentage}. */}}
{{- define "platform-common.horizontalPodAutoscaler" -}}
{{- if .Values.autoscaling.enabled -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "platform-common.metadata" . | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "platform-common.fullname" . }}
  minReplicas: {{ int .Values.autoscaling.minReplicas }}
  maxReplicas: {{ int .Values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ int .Values.autoscaling.targetCPUUtilizationPercentage }}
{{- end -}}
{{- end -}}
