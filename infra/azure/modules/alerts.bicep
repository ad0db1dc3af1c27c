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

@description('Optional. Action groups that are told.')
param actionGroupIds string[] = []

@description('Optional. Whether azure-webhook-ingest receives an HTTP log stream.')
param usesWebhook bool = true

@description('Optional. Whether azure-log-poller pulls the log from the Management API.')
param usesPoller bool = false

@description('Optional. Minutes without a log event until the alert; 0 for no such alert.')
param silentMinutes 0 | 5 | 10 | 15 | 30 | 45 | 60 | 120 | 180 | 240 | 300 | 360 | 1440 | 2880 = 60

@description('Optional. Age at delivery above which log events are late, in seconds.')
@minValue(60)
param lagSeconds int = 900
