metadata description = 'One page that shows what happened on the tenant and whether log events come, arrive, wait or are set aside.'

targetScope = 'resourceGroup'

@description('Required. Name of the Log Analytics workspace.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Required. Region of the workspace.')
param location string

@description('Optional. Tags of the workbook.')
param tags { *: string } = {}

@description('Optional. Plan of the table Auth0Logs_CL. The part about log events needs Analytics.')
param tablePlan 'Analytics' | 'Basic' | 'Auxiliary' = 'Analytics'
