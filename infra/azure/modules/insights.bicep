metadata description = 'Application Insights on the workspace, without keys: only tokens of identities that may write there.'

import { tags as tagsType } from '../types.bicep'

@description('Required. Its name.')
@maxLength(255)
param name string

@description('Required. Its region.')
param location string

@description('Required. Tags.')
param tags tagsType

@description('Required. The workspace.')
param workspaceName string

@description('Required. The resource group of the workspace.')
param workspaceResourceGroup string

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  scope: resourceGroup(workspaceResourceGroup)
  name: workspaceName
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: name
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    IngestionMode: 'LogAnalytics'
    DisableLocalAuth: true
  }
}

@description('Its name.')
output name string = insights.name

@description('Its resource ID.')
output id string = insights.id
