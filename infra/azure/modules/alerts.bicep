metadata description = 'Alerts on what the functions say about themselves in AppTraces. They do not read the tables of log events.'

targetScope = 'resourceGroup'

@description('Required. Name of the Log Analytics workspace that Application Insights writes to.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Required. Region of the workspace.')
param location string

@description('Optional. Tags of the alert rules.')
param tags { *: string } = {}

@description('Required. Name of the Auth0 tenant, as in the setting TENANT_NAME.')
@minLength(1)
@maxLength(63)
param tenantName string

@description('Optional. The action groups that it notifies.')
param actionGroupIds string[] = []

@description('Optional. Whether azure-webhook-ingest receives an HTTP log stream.')
param usesWebhook bool = true

@description('Optional. Whether azure-eventgrid-subscriber gets log events of a stream.')
param usesStream bool = true

@description('Optional. Whether azure-log-poller pulls the log from the Management API.')
param usesPoller bool = false

@description('Optional. Minutes without a log event until the alert; 0 for no such alert.')
param silentMinutes 0 | 5 | 10 | 15 | 30 | 45 | 60 | 120 | 180 | 240 | 300 | 360 | 1440 | 2880 = 60

@description('Optional. Age at delivery above which log events are late, in seconds.')
@minValue(60)
param lagSeconds int = 900

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

// A query returns a row for each finding and none while all is well. Tenant names have no quotation mark.
var silentQuery = replace(loadTextContent('../kql/alerts/silent-stream.kql'), '{TenantName}', tenantName)

var alerts = [
  {
    name: 'silent-webhook'
    displayName: 'Auth0 log relay: the HTTP log stream is silent'
    description: 'Auth0 has brought nothing for a while. Look at the health of the stream in Auth0\'s dashboard: it may be paused.'
    query: replace(silentQuery, '{FunctionName}', 'azure-webhook-ingest')
    severity: 1
    minutes: silentMinutes
    dimensions: []
    isWanted: usesWebhook && silentMinutes > 0
  }
  {
    name: 'silent-delivery'
    displayName: 'Auth0 log relay: nothing is delivered'
    description: 'No log event has come to the delivering function for a while. Look at the streams in Auth0\'s dashboard, then at the topics and their subscriptions.'
    query: replace(silentQuery, '{FunctionName}', 'azure-eventgrid-subscriber')
    severity: 1
    minutes: silentMinutes
    dimensions: []
    isWanted: usesStream && silentMinutes > 0
  }
  {
    name: 'silent-poll'
    displayName: 'Auth0 log relay: nothing is polled'
    description: 'The poller has got no log event for a while. Where its runs fail, its log says why in one sentence: a secret that has changed, a scope that was revoked, Auth0 out of reach.'
    query: replace(silentQuery, '{FunctionName}', 'azure-log-poller')
    severity: 1
    minutes: silentMinutes
    dimensions: []
    isWanted: usesPoller && silentMinutes > 0
  }
  {
    name: 'dead-letters'
    displayName: 'Auth0 log relay: log events were set aside'
    description: 'Log events are among the dead letters. Read their reasons, mend the cause, send them to the function replay.'
    query: replace(loadTextContent('../kql/alerts/dead-letters.kql'), '{TenantName}', tenantName)
    severity: 1
    minutes: 30
    dimensions: ['Function', 'Sink']
    isWanted: true
  }
  {
    name: 'withheld'
    displayName: 'Auth0 log relay: text was withheld'
    description: 'Text that could not be read, and so not be redacted, was withheld: its dead letter has no event. Of a body that the webhook refused Auth0 still has it; of anything else nobody has.'
    query: replace(loadTextContent('../kql/alerts/withheld.kql'), '{TenantName}', tenantName)
    severity: 1
    minutes: 30
    dimensions: ['Function', 'Sink']
    isWanted: true
  }
  {
    name: 'lag'
    displayName: 'Auth0 log relay: log events are late'
    description: 'Log events reach a sink late, counted from their own date, or wait to be delivered again. Auth0 delays them, or a sink is slow or down.'
    query: replace(
      replace(loadTextContent('../kql/alerts/lag.kql'), '{TenantName}', tenantName),
      '{LagSeconds}',
      string(lagSeconds)
    )
    severity: 2
    minutes: 30
    dimensions: ['Function', 'Sink']
    isWanted: true
  }
  {
    name: 'refused-credentials'
    displayName: 'Auth0 log relay: credentials were refused'
    description: 'Requests came without a live token. If it is Auth0, its stream and the secret hold different tokens; else somebody knocks.'
    query: replace(loadTextContent('../kql/alerts/refused-credentials.kql'), '{TenantName}', tenantName)
    severity: 2
    minutes: 30
    dimensions: ['Function']
    isWanted: usesWebhook
  }
  {
    name: 'unreadable-bodies'
    displayName: 'Auth0 log relay: bodies could not be read'
    description: 'A request with a live token had a body that cannot be read or is too large. Its beginning is among the dead letters.'
    query: replace(loadTextContent('../kql/alerts/unreadable-bodies.kql'), '{TenantName}', tenantName)
    severity: 1
    minutes: 30
    dimensions: ['Function']
    isWanted: usesWebhook
  }
  {
    name: 'gaps'
    displayName: 'Auth0 log relay: push left gaps'
    description: 'The log had events that push did not bring; the poller has delivered them. Look at the health of the stream in Auth0\'s dashboard.'
    query: replace(loadTextContent('../kql/alerts/gaps.kql'), '{TenantName}', tenantName)
    severity: 2
    minutes: 30
    dimensions: ['Function']
    isWanted: usesPoller
  }
  {
    name: 'checkpoint-stopped'
    displayName: 'Auth0 log relay: the poller has stopped'
    description: 'The poller does not know where to go on and delivers nothing. Its log says where the hole begins; RESUME_FROM restarts it.'
    query: replace(loadTextContent('../kql/alerts/checkpoint-stopped.kql'), '{TenantName}', tenantName)
    severity: 1
    minutes: 30
    dimensions: ['Function']
    isWanted: usesPoller
  }
]

// The windows that the service takes, as it writes them. Without an alert on silence its window is of no matter.
var windows = {
  '0': 'PT1H'
  '5': 'PT5M'
  '10': 'PT10M'
  '15': 'PT15M'
  '30': 'PT30M'
  '45': 'PT45M'
  '60': 'PT1H'
  '120': 'PT2H'
  '180': 'PT3H'
  '240': 'PT4H'
  '300': 'PT5H'
  '360': 'PT6H'
  '1440': 'P1D'
  '2880': 'P2D'
}

resource alertRules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in alerts: if (alert.isWanted) {
    name: 'auth0-log-relay-${tenantName}-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: alert.displayName
      description: alert.description
      severity: alert.severity
      enabled: true
      scopes: [workspace.id]
      // The window is longer: a line takes some minutes to arrive, and an alert that fires already does not fire again.
      evaluationFrequency: alert.minutes > 15 ? 'PT15M' : 'PT5M'
      windowSize: windows[string(alert.minutes)]
      // AppTraces has no columns before its first row: a check of the query would fail the first deployment.
      skipQueryValidation: true
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Count'
            dimensions: map(alert.dimensions, dimension => {
              name: dimension
              operator: 'Include'
              values: ['*']
            })
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
