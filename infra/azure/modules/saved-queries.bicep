metadata description = 'Queries to begin with, in the query explorer of the workspace under "Auth0 log relay".'

targetScope = 'resourceGroup'

@description('Required. Name of the Log Analytics workspace.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Optional. Plan of the table Auth0Logs_CL. Queries over log events need Analytics.')
param tablePlan 'Analytics' | 'Basic' | 'Auxiliary' = 'Analytics'
