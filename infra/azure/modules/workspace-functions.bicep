metadata description = 'KQL functions that every other query builds on: one view of all tables, and what the functions say about themselves.'

targetScope = 'resourceGroup'

@description('Required. Name of the Log Analytics workspace.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Optional. Plan of the table Auth0Logs_CL. A table of another plan than Analytics takes no part in a union.')
param tablePlan 'Analytics' | 'Basic' | 'Auxiliary' = 'Analytics'
