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

@description('Optional. Action groups that are told; analytics rules of Sentinel make incidents instead.')
param actionGroupIds string[] = []
