metadata description = 'Six detections over all tables of log events: Sentinel analytics rules, or scheduled query alerts where Sentinel is not used.'

targetScope = 'resourceGroup'

@description('Required. Name of the Log Analytics workspace. The functions of workspace-functions.bicep must be there, and Sentinel with useSentinel.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Required. Region of the workspace.')
param location string

@description('Optional. Tags of the alert rules; analytics rules of Sentinel have none.')
param tags { *: string } = {}

@description('Optional. Plan of the table Auth0Logs_CL. Other plans than Analytics take no detection.')
param tablePlan 'Analytics' | 'Basic' | 'Auxiliary' = 'Analytics'

@description('Optional. Whether the detections are analytics rules of Microsoft Sentinel.')
param useSentinel bool = false

@description('Optional. The action groups that it notifies; analytics rules of Sentinel make incidents instead.')
param actionGroupIds string[] = []

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

// Each is the rule of the same name in infra/aws/detections.yaml. Both kinds run every five minutes, as the queries
// take it, over what arrived in the last five: log events come late, so the day before them is read too.
var detections = [
  {
    name: 'breached-password'
    displayName: 'Auth0: breached password'
    description: 'A password that is known from a breach was used.'
    query: loadTextContent('../kql/detections/breached-password.kql')
    severity: 2
    sentinelSeverity: 'Medium'
    tactics: ['CredentialAccess']
    techniques: ['T1110']
  }
  {
    name: 'brute-force'
    displayName: 'Auth0: brute force'
    description: 'An account or address was blocked after too many attempts.'
    query: loadTextContent('../kql/detections/brute-force.kql')
    severity: 2
    sentinelSeverity: 'Medium'
    tactics: ['CredentialAccess']
    techniques: ['T1110']
  }
  {
    name: 'factor-removed'
    displayName: 'Auth0: factor removed'
    description: 'Multi-factor authentication was switched off or a factor removed.'
    query: loadTextContent('../kql/detections/factor-removed.kql')
    severity: 1
    sentinelSeverity: 'High'
    tactics: ['DefenseEvasion', 'Persistence']
    techniques: ['T1556']
  }
  {
    name: 'admin-or-token-created'
    displayName: 'Auth0: admin or token created'
    description: 'Somebody or something got more rights on the tenant.'
    query: loadTextContent('../kql/detections/admin-or-token-created.kql')
    severity: 1
    sentinelSeverity: 'High'
    tactics: ['Persistence', 'PrivilegeEscalation']
    techniques: ['T1098']
  }
  {
    name: 'log-stream-changed'
    displayName: 'Auth0: log stream changed'
    description: 'A log stream was made, changed or deleted.'
    query: loadTextContent('../kql/detections/log-stream-changed.kql')
    severity: 1
    sentinelSeverity: 'High'
    tactics: ['DefenseEvasion']
    techniques: ['T1562']
  }
  {
    name: 'api-rate-limit'
    displayName: 'Auth0: API rate limit'
    description: 'The tenant\'s API limit is reached or near.'
    query: loadTextContent('../kql/detections/api-rate-limit.kql')
    severity: 3
    sentinelSeverity: 'Low'
    tactics: ['Impact']
    techniques: ['T1499']
  }
]

var hasDetections = tablePlan == 'Analytics'

// Sentinel runs a rule's query when it is saved: tables and functions must be there, empty or not.
resource analyticsRules 'Microsoft.SecurityInsights/alertRules@2025-09-01' = [
  for detection in detections: if (hasDetections && useSentinel) {
    scope: workspace
    name: guid(workspace.id, 'auth0-log-relay', detection.name)
    kind: 'Scheduled'
    properties: {
      displayName: detection.displayName
      description: detection.description
      enabled: true
      severity: detection.sentinelSeverity
      query: detection.query
      queryFrequency: 'PT5M'
      queryPeriod: 'P1D'
      triggerOperator: 'GreaterThan'
      triggerThreshold: 0
      suppressionDuration: 'PT1H'
      suppressionEnabled: false
      tactics: detection.tactics
      techniques: detection.techniques
      entityMappings: [
        {
          entityType: 'IP'
          fieldMappings: [
            {
              identifier: 'Address'
              columnName: 'SrcIpAddr'
            }
          ]
        }
        {
          entityType: 'Account'
          fieldMappings: [
            {
              identifier: 'FullName'
              columnName: 'ActorUsername'
            }
          ]
        }
      ]
      customDetails: {
        LogId: 'LogId'
        EventType: 'EventType'
        ClientName: 'ClientName'
      }
      eventGroupingSettings: {
        aggregationKind: 'SingleAlert'
      }
      incidentConfiguration: {
        createIncident: true
        groupingConfiguration: {
          enabled: true
          reopenClosedIncident: false
          lookbackDuration: 'PT5H'
          matchingMethod: 'AllEntities'
        }
      }
    }
  }
]

// A message of an alert names the event's type and tenant, not the person.
resource alertRules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for detection in detections: if (hasDetections && !useSentinel) {
    name: 'auth0-log-relay-${detection.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: detection.displayName
      description: detection.description
      severity: detection.severity
      enabled: true
      scopes: [workspace.id]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT5M'
      overrideQueryTimeRange: 'P1D'
      // A new function is not always resolved at once.
      skipQueryValidation: true
      // Each finding notifies: an alert that stays open would keep the next one back.
      autoMitigate: false
      criteria: {
        allOf: [
          {
            query: detection.query
            timeAggregation: 'Count'
            dimensions: [
              {
                name: 'EventName'
                operator: 'Include'
                values: ['*']
              }
              {
                name: 'TenantName'
                operator: 'Include'
                values: ['*']
              }
            ]
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: actionGroupIds
      }
    }
  }
]
