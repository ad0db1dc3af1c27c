metadata description = 'Auth0 tenant logs into Log Analytics and Microsoft Sentinel: everything but code, token and subscriptions, which deploy.sh brings in this order.'

import { authorizedPartner, collector as collectorType, column, eventSettings, poller as pollerType, singleEvents as singleEventsType, tablePlan as tablePlanType, tags as tagsType } from 'types.bicep'

@description('Optional. The region of all; that of the workspace where one is named.')
param location string = resourceGroup().location

@description('Optional. The beginning of all names: a lower-case letter, then such letters and digits.')
@minLength(2)
@maxLength(7)
param prefix string = 'auth0'

@description('Optional. Tags of every resource that takes some.')
param tags tagsType = {}

@description('Required. The Auth0 tenant\'s name, as events, dead letters and counters carry it.')
@minLength(1)
@maxLength(63)
param tenantName string

@description('Optional. Whether Auth0 sends an HTTP log stream to azure-webhook-ingest.')
param useWebhook bool = true

@description('Optional. Whether Auth0 may make a partner topic in this resource group, for an Event Grid log stream.')
param usePartnerTopic bool = false

@description('Optional. Days from now in which Auth0 may make, change or delete its partner topic.')
@minValue(2)
@maxValue(365)
param partnerAuthorizationDays int = 30

@description('Optional. Other partners that the resource group has authorized, so that they stay so.')
param otherPartners authorizedPartner[] = []

@description('Optional. Where events go, comma separated: log-analytics, http, stdout; http:ecs names a schema.')
@minLength(4)
param sinks string = 'log-analytics'

@description('Optional. What a row in a schema other than raw keeps of its event beside its fields; unless set rest for log-analytics, whole elsewhere. With none and log-analytics:asim the detections see no request.')
param raw '' | 'whole' | 'rest' | 'none' = ''

@description('Conditional. Required with the sink http. The collector.')
param collector collectorType?

@description('Optional. Whose log azure-log-poller polls, for what a log stream did not bring or in place of one; nobody\'s unless set.')
param poller pollerType?

@description('Optional. Which events pass, and what of them is hidden.')
param events eventSettings = {}

@description('Optional. Which events other subscriptions of the custom topic get, one by one; none unless set, since each costs.')
param singleEvents singleEventsType = {}

@description('Optional. The largest body that the webhook takes, before and after gunzip.')
@minValue(65536)
@maxValue(104857600)
param maxBodyBytes int = 6291456

@description('Optional. How long a call of a function may take: below the 29 seconds of host.json.')
@minValue(5)
@maxValue(25)
param invocationSeconds int = 25

@description('Optional. How much the functions say.')
param logLevel 'error' | 'warn' | 'info' | 'debug' | 'trace' = 'info'

@description('Optional. Seconds over which the functions sum their counters before they write them, since each line is billed; 0 writes each call\'s.')
@minValue(0)
@maxValue(300)
param counterSeconds int = 10

@description('Optional. Days after which the ledger forgets an event.')
@minValue(1)
@maxValue(365)
param ledgerDays int = 35

@description('Optional. How the storage accounts are kept.')
param redundancy 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' = 'Standard_ZRS'

@description('Optional. Memory of an instance in megabytes; 512 is cheaper and refused in some regions.')
param instanceMemoryMB 512 | 2048 | 4096 = 2048

@description('Optional. How many instances a function may have; less than 40 is not taken everywhere.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 100

@description('Optional. A workspace that is there; one is made unless named.')
param workspaceName string = ''

@description('Optional. The resource group of that workspace; this one unless named.')
param workspaceResourceGroup string = resourceGroup().name

@description('Optional. Days that a workspace made here keeps what the functions say of themselves.')
@minValue(30)
@maxValue(730)
param workspaceRetentionInDays int = 30

@description('Optional. Gigabytes a day after which a workspace made here takes no more; -1 is no limit.')
@minValue(-1)
param dailyQuotaGb int = -1

@description('Optional. The plan of Auth0Logs_CL. Basic and Auxiliary bring no alert, detection or union on it.')
param tablePlan tablePlanType = 'Analytics'

@description('Optional. Days that rows of Auth0Logs_CL can be queried at no further cost; used with the plan Analytics.')
@minValue(4)
@maxValue(730)
param tableRetentionInDays int = 90

@description('Optional. Days after which rows of Auth0Logs_CL are deleted; above 730 whole years: 1095, 1460, 1826, 2191, 2556, 2922, 3288, 3653, 4018 or 4383.')
@minValue(4)
@maxValue(4383)
param tableTotalRetentionInDays int = 365

@description('Optional. Columns that an Auth0Logs_CL that is there has beside ours, so that they stay.')
param extraColumns column[] = []

@description('Optional. Whether Microsoft Sentinel is put on the workspace, with its normalized tables and analytics rules. It costs money for each gigabyte.')
param useSentinel bool = false

@description('Optional. The action groups that alerts notify.')
param actionGroupIds string[] = []

@description('Optional. Minutes without a log event until the alert; 0 for no such alert.')
param silentMinutes 0 | 5 | 10 | 15 | 30 | 45 | 60 | 120 | 180 | 240 | 300 | 360 | 1440 | 2880 = 60

@description('Optional. Age at delivery above which log events are late, in seconds.')
@minValue(60)
param lagSeconds int = 900

@description('Optional. Whether nobody can purge the vault before its time; once true it stays.')
param purgeProtection bool = false

@description('Optional. The object ID of who puts secrets into the vault; nobody may unless named.')
param deployerId string = ''

@description('Optional. What that is.')
param deployerType 'User' | 'ServicePrincipal' | 'Group' = 'User'

var suffix = uniqueString(resourceGroup().id, prefix)
var usedWorkspaceName = empty(workspaceName) ? '${prefix}-logs-${suffix}' : workspaceName
var usedWorkspaceGroup = empty(workspaceName) ? resourceGroup().name : workspaceResourceGroup
var deadLetters = 'dead-letters'
var ledger = 'ledger'
var ingest = 'azure-webhook-ingest'
var subscriber = 'azure-eventgrid-subscriber'
var logPoller = 'azure-log-poller'
var usePoller = poller != null
var asksForNormalized = contains(sinks, 'log-analytics:asim')
// Without Sentinel its tables are missing and every row would be refused.
var usedSinks = asksForNormalized && !useSentinel ? fail('The sink log-analytics:asim needs useSentinel=true.') : sinks
var asksForCollectorUrl = contains(sinks, 'http') && !(collector.?useUrl ?? false)
var usedCollectorUrl = asksForCollectorUrl && empty(collector.?url ?? '') ? fail('The sink http needs collector with url or useUrl.') : collector.?url ?? ''
var usedTotalRetention = tablePlan == 'Analytics' && tableTotalRetentionInDays < tableRetentionInDays ? fail('tableTotalRetentionInDays is below tableRetentionInDays.') : tableTotalRetentionInDays

// Every function reads these.
var commonSettings = {
  TENANT_NAME: tenantName
  DEAD_LETTER_CONTAINER_ENDPOINT: '${dataStorage.outputs.blobEndpoint}${deadLetters}'
  INCLUDE_TYPES: events.?includeTypes ?? ''
  EXCLUDE_TYPES: events.?excludeTypes ?? ''
  INCLUDE_CATEGORIES: events.?includeCategories ?? ''
  EXCLUDE_CATEGORIES: events.?excludeCategories ?? ''
  EVENT_TOPIC_INCLUDE_TYPES: singleEvents.?includeTypes ?? ''
  EVENT_TOPIC_EXCLUDE_TYPES: singleEvents.?excludeTypes ?? ''
  EVENT_TOPIC_INCLUDE_CATEGORIES: singleEvents.?includeCategories ?? ''
  EVENT_TOPIC_EXCLUDE_CATEGORIES: singleEvents.?excludeCategories ?? ''
  REDACT: events.?redact ?? ''
  REDACT_KEY_SECRET_URI: events.?useRedactKey ?? false ? '${vault.outputs.uri}secrets/redact-key' : ''
  WITHHOLD_UNREADABLE: events.?withholdUnreadable ?? false ? 'true' : ''
  INVOCATION_SECONDS: string(invocationSeconds)
  LOG_LEVEL: logLevel
  COUNTER_SECONDS: string(counterSeconds)
}
var ingestSettings = {
  WEBHOOK_TOKENS_SECRET_URI: '${vault.outputs.uri}secrets/webhook-token'
  MAX_BODY_BYTES: string(maxBodyBytes)
}
var subscriberSettings = {
  SINKS: usedSinks
  RAW: raw
  LOGS_INGESTION_ENDPOINT: rule.outputs.endpoint
  LOGS_INGESTION_RULE_ID: rule.outputs.immutableId
  HTTP_SINK_URL: usedCollectorUrl
  HTTP_SINK_URL_SECRET_URI: collector.?useUrl ?? false ? '${vault.outputs.uri}secrets/http-sink-url' : ''
  HTTP_SINK_AUTHORIZATION_SECRET_URI: collector.?useAuthorization ?? false ? '${vault.outputs.uri}secrets/http-sink-authorization' : ''
  HTTP_SINK_FORMAT: collector.?format ?? ''
  LEDGER_TABLE_ENDPOINT: '${dataStorage.outputs.tableEndpoint}${ledger}'
  LEDGER_DAYS: string(ledgerDays)
}
// A run may take longer than any other call.
var pollerSettings = {
  AUTH0_DOMAIN: poller.?domain ?? ''
  AUTH0_CLIENT_ID: poller.?clientId ?? ''
  AUTH0_CLIENT_SECRET_URI: usePoller ? '${vault.outputs.uri}secrets/auth0-client-secret' : ''
  AUTH0_POLL_SCHEDULE: poller.?schedule ?? '0 */5 * * * *'
  CHECKPOINT_TABLE_ENDPOINT: '${dataStorage.outputs.tableEndpoint}${ledger}'
  START_FROM: poller.?startFrom ?? ''
  RESUME_FROM: poller.?resumeFrom ?? ''
  // What push has brought is known only where there is any.
  GAP_SINKS: useWebhook || usePartnerTopic ? usedSinks : ''
  GRACE_SECONDS: poller.?graceSeconds == null ? '' : string(poller!.graceSeconds!)
  INVOCATION_SECONDS: '240'
}

// The workspace, its table, the rule that fills it.

module workspace 'modules/workspace.bicep' = if (empty(workspaceName)) {
  name: 'auth0-workspace'
  params: {
    name: usedWorkspaceName
    location: location
    tags: tags
    retentionInDays: workspaceRetentionInDays
    dailyQuotaGb: dailyQuotaGb
  }
}

module sentinel 'modules/sentinel.bicep' = if (useSentinel) {
  name: 'auth0-sentinel'
  scope: resourceGroup(usedWorkspaceGroup)
  params: {
    workspaceName: usedWorkspaceName
  }
  dependsOn: [
    workspace
  ]
}

module table 'modules/table.bicep' = {
  name: 'auth0-table'
  scope: resourceGroup(usedWorkspaceGroup)
  params: {
    workspaceName: usedWorkspaceName
    plan: tablePlan
    retentionInDays: tableRetentionInDays
    totalRetentionInDays: usedTotalRetention
    extraColumns: extraColumns
  }
  dependsOn: [
    workspace
  ]
}

module rule 'modules/rule.bicep' = {
  name: 'auth0-rule'
  params: {
    name: '${prefix}-rows-${suffix}'
    location: location
    tags: tags
    workspaceName: usedWorkspaceName
    workspaceResourceGroup: usedWorkspaceGroup
    tableName: table.outputs.name
    useSentinel: useSentinel
  }
  dependsOn: [
    sentinel
  ]
}

module insights 'modules/insights.bicep' = {
  name: 'auth0-insights'
  params: {
    name: '${prefix}-insights-${suffix}'
    location: location
    tags: tags
    workspaceName: usedWorkspaceName
    workspaceResourceGroup: usedWorkspaceGroup
  }
  dependsOn: [
    workspace
  ]
}

// Storage, vault, identities and what these may do, before whoever uses them.

module hostStorage 'modules/storage.bicep' = {
  name: 'auth0-host-storage'
  params: {
    name: '${prefix}host${suffix}'
    location: location
    tags: tags
    redundancy: redundancy
    containerNames: concat([subscriber], useWebhook ? [ingest] : [], usePoller ? [logPoller] : [])
    tableNames: []
  }
}

module dataStorage 'modules/storage.bicep' = {
  name: 'auth0-data-storage'
  params: {
    name: '${prefix}data${suffix}'
    location: location
    tags: tags
    redundancy: redundancy
    containerNames: [deadLetters]
    tableNames: [ledger]
  }
}

module vault 'modules/vault.bicep' = {
  name: 'auth0-vault'
  params: {
    name: '${prefix}-${suffix}'
    location: location
    tags: tags
    purgeProtection: purgeProtection
  }
}

module ingestIdentity 'modules/identity.bicep' = if (useWebhook) {
  name: 'auth0-ingest-identity'
  params: {
    name: '${prefix}-ingest-${suffix}'
    location: location
    tags: tags
  }
}

module subscriberIdentity 'modules/identity.bicep' = {
  name: 'auth0-subscriber-identity'
  params: {
    name: '${prefix}-deliver-${suffix}'
    location: location
    tags: tags
  }
}

module pollerIdentity 'modules/identity.bicep' = if (usePoller) {
  name: 'auth0-poller-identity'
  params: {
    name: '${prefix}-poll-${suffix}'
    location: location
    tags: tags
  }
}

module topicIdentity 'modules/identity.bicep' = {
  name: 'auth0-topic-identity'
  params: {
    name: '${prefix}-topics-${suffix}'
    location: location
    tags: tags
  }
}

module topicRoles 'modules/roles.bicep' = {
  name: 'auth0-topic-roles'
  params: {
    principalId: topicIdentity.outputs.principalId
    dataStorageName: dataStorage.outputs.name
    containerName: deadLetters
  }
}

module topic 'modules/topic.bicep' = if (useWebhook) {
  name: 'auth0-topic'
  params: {
    name: '${prefix}-logs-${suffix}'
    location: location
    tags: tags
    identityId: topicIdentity.outputs.id
  }
  dependsOn: [
    topicRoles
  ]
}

module ingestRoles 'modules/roles.bicep' = if (useWebhook) {
  name: 'auth0-ingest-roles'
  params: {
    principalId: ingestIdentity!.outputs.principalId
    hostStorageName: hostStorage.outputs.name
    insightsName: insights.outputs.name
    dataStorageName: dataStorage.outputs.name
    containerName: deadLetters
    topicName: topic!.outputs.name
    vaultName: vault.outputs.name
  }
}

module subscriberRoles 'modules/roles.bicep' = {
  name: 'auth0-subscriber-roles'
  params: {
    principalId: subscriberIdentity.outputs.principalId
    hostStorageName: hostStorage.outputs.name
    insightsName: insights.outputs.name
    dataStorageName: dataStorage.outputs.name
    containerName: deadLetters
    tableName: ledger
    topicName: useWebhook ? topic!.outputs.name : ''
    ruleName: rule.outputs.name
    vaultName: vault.outputs.name
  }
}

module pollerRoles 'modules/roles.bicep' = if (usePoller) {
  name: 'auth0-poller-roles'
  params: {
    principalId: pollerIdentity!.outputs.principalId
    hostStorageName: hostStorage.outputs.name
    insightsName: insights.outputs.name
    dataStorageName: dataStorage.outputs.name
    containerName: deadLetters
    tableName: ledger
    topicName: useWebhook ? topic!.outputs.name : ''
    ruleName: rule.outputs.name
    vaultName: vault.outputs.name
  }
}

module deployerRoles 'modules/roles.bicep' = if (!empty(deployerId)) {
  name: 'auth0-deployer-roles'
  params: {
    principalId: deployerId
    principalType: deployerType
    vaultName: vault.outputs.name
    writesSecrets: true
  }
}

module partner 'modules/partner.bicep' = if (usePartnerTopic) {
  name: 'auth0-partner'
  params: {
    otherPartners: otherPartners
    days: partnerAuthorizationDays
  }
}

// The functions.

module ingestApp 'modules/app.bicep' = if (useWebhook) {
  name: 'auth0-ingest-app'
  params: {
    name: '${prefix}-ingest-${suffix}'
    location: location
    tags: tags
    identityName: ingestIdentity!.outputs.name
    hostStorageName: hostStorage.outputs.name
    packageContainerName: ingest
    insightsName: insights.outputs.name
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    settings: union(commonSettings, ingestSettings, {
      EVENT_TOPIC_ENDPOINT: topic!.outputs.endpoint
    })
  }
  dependsOn: [
    ingestRoles
  ]
}

module subscriberApp 'modules/app.bicep' = {
  name: 'auth0-subscriber-app'
  params: {
    name: '${prefix}-deliver-${suffix}'
    location: location
    tags: tags
    identityName: subscriberIdentity.outputs.name
    hostStorageName: hostStorage.outputs.name
    packageContainerName: subscriber
    insightsName: insights.outputs.name
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    settings: union(commonSettings, subscriberSettings, {
      EVENT_TOPIC_ENDPOINT: useWebhook ? topic!.outputs.endpoint : ''
    })
  }
  dependsOn: [
    subscriberRoles
  ]
}

module pollerApp 'modules/app.bicep' = if (usePoller) {
  name: 'auth0-poller-app'
  params: {
    name: '${prefix}-poll-${suffix}'
    location: location
    tags: tags
    identityName: pollerIdentity!.outputs.name
    hostStorageName: hostStorage.outputs.name
    packageContainerName: logPoller
    insightsName: insights.outputs.name
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    settings: union(commonSettings, subscriberSettings, pollerSettings, {
      EVENT_TOPIC_ENDPOINT: useWebhook ? topic!.outputs.endpoint : ''
    })
  }
  dependsOn: [
    pollerRoles
  ]
}

// What is seen of it: functions of the workspace, queries, a workbook, alerts, detections.

module workspaceFunctions 'modules/workspace-functions.bicep' = {
  name: 'auth0-workspace-functions'
  scope: resourceGroup(usedWorkspaceGroup)
  params: {
    workspaceName: usedWorkspaceName
    tablePlan: tablePlan
  }
  dependsOn: [
    table
  ]
}

module savedQueries 'modules/saved-queries.bicep' = {
  name: 'auth0-saved-queries'
  scope: resourceGroup(usedWorkspaceGroup)
  params: {
    workspaceName: usedWorkspaceName
    tablePlan: tablePlan
  }
  dependsOn: [
    workspaceFunctions
  ]
}

module workbook 'modules/workbook.bicep' = {
  name: 'auth0-workbook'
  scope: resourceGroup(usedWorkspaceGroup)
  params: {
    workspaceName: usedWorkspaceName
    location: location
    tags: tags
    tablePlan: tablePlan
  }
  dependsOn: [
    workspaceFunctions
  ]
}

module alerts 'modules/alerts.bicep' = {
  name: 'auth0-alerts'
  scope: resourceGroup(usedWorkspaceGroup)
  params: {
    workspaceName: usedWorkspaceName
    location: location
    tags: tags
    tenantName: tenantName
    actionGroupIds: actionGroupIds
    usesWebhook: useWebhook
    usesStream: useWebhook || usePartnerTopic
    usesPoller: usePoller
    silentMinutes: silentMinutes
    lagSeconds: lagSeconds
  }
  dependsOn: [
    workspaceFunctions
    insights
  ]
}

module detections 'modules/detections.bicep' = {
  name: 'auth0-detections'
  scope: resourceGroup(usedWorkspaceGroup)
  params: {
    workspaceName: usedWorkspaceName
    location: location
    tags: tags
    tablePlan: tablePlan
    useSentinel: useSentinel
    actionGroupIds: actionGroupIds
  }
  dependsOn: [
    workspaceFunctions
    sentinel
  ]
}

@description('The workspace.')
output workspaceName string = usedWorkspaceName

@description('The resource group of the workspace.')
output workspaceResourceGroup string = usedWorkspaceGroup

@description('The storage account of dead letters and ledger.')
output dataStorageName string = dataStorage.outputs.name

@description('The Key Vault.')
output vaultName string = vault.outputs.name

@description('The resource ID of the identity of the topics.')
output topicIdentityId string = topicIdentity.outputs.id

@description('The name of the identity of the topics.')
output topicIdentityName string = topicIdentity.outputs.name

@description('The custom topic; empty without a webhook.')
output topicName string = useWebhook ? topic!.outputs.name : ''

@description('Where Auth0 sends the HTTP log stream; empty without a webhook.')
output webhookUrl string = useWebhook ? 'https://${ingestApp!.outputs.hostName}/webhook' : ''

@description('The app of azure-eventgrid-subscriber.')
output subscriberAppName string = subscriberApp.outputs.name

@description('Each app with the function whose package it gets, app=function, with a space between them.')
output apps string = join(concat(useWebhook ? ['${ingestApp!.outputs.name}=${ingest}'] : [], ['${subscriberApp.outputs.name}=${subscriber}'], usePoller ? ['${pollerApp!.outputs.name}=${logPoller}'] : []), ' ')

@description('What the vault must have before the functions can start, with a space between the names.')
output vaultEntries string = join(concat(useWebhook ? ['webhook-token'] : [], events.?useRedactKey ?? false ? ['redact-key'] : [], collector.?useUrl ?? false ? ['http-sink-url'] : [], collector.?useAuthorization ?? false ? ['http-sink-authorization'] : [], usePoller ? ['auth0-client-secret'] : []), ' ')

@description('Whether rows come to Auth0Logs_CL, and a query can tell.')
output rowsCanBeQueried bool = contains(sinks, 'log-analytics') && tablePlan == 'Analytics'
