metadata description = 'The data collection rule: takes our rows as they are. Its tables must be there, else InvalidOutputTable.'

import { auditColumns, auth0LogsColumns, authenticationColumns } from 'columns.bicep'
import { tags as tagsType } from '../types.bicep'

@description('Required. Its name.')
@minLength(3)
@maxLength(64)
param name string

@description('Required. The region of the workspace.')
param location string

@description('Required. Tags.')
param tags tagsType

@description('Required. The workspace.')
param workspaceName string

@description('Required. The resource group of the workspace.')
param workspaceResourceGroup string

@description('Required. The table of our rows, already there.')
param tableName string

@description('Required. Whether Sentinel is on the workspace, so that the normalized tables are there.')
param useSentinel bool

var ownStream = 'Custom-Auth0Logs'
var authenticationStream = 'Custom-ASimAuthentication'
var auditStream = 'Custom-ASimAudit'

var normalizedStreams = {
  '${authenticationStream}': {
    columns: authenticationColumns
  }
  '${auditStream}': {
    columns: auditColumns
  }
}
var normalizedFlows = [
  {
    streams: [authenticationStream]
    destinations: ['workspace']
    transformKql: 'source'
    outputStream: 'Microsoft-ASimAuthenticationEventLogs'
  }
  {
    streams: [auditStream]
    destinations: ['workspace']
    transformKql: 'source'
    outputStream: 'Microsoft-ASimAuditEventLogs'
  }
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  scope: resourceGroup(workspaceResourceGroup)
  name: workspaceName
}

resource rule 'Microsoft.Insights/dataCollectionRules@2023-03-11' = {
  name: name
  location: location
  tags: tags
  #disable-next-line open-enum // right value, missing from the types; it gives the rule an endpoint of its own
  kind: 'Direct'
  properties: {
    description: 'Auth0 tenant logs, whose rows come with the columns of their tables.'
    streamDeclarations: union(
      {
        '${ownStream}': {
          columns: auth0LogsColumns
        }
      },
      useSentinel ? normalizedStreams : {}
    )
    destinations: {
      logAnalytics: [
        {
          name: 'workspace'
          workspaceResourceId: workspace.id
        }
      ]
    }
    // One stream a flow wherever there is a transform; every declared stream in a flow.
    dataFlows: concat(
      [
        {
          streams: [ownStream]
          destinations: ['workspace']
          transformKql: 'source'
          outputStream: 'Custom-${tableName}'
        }
      ],
      useSentinel ? normalizedFlows : []
    )
  }
}

@description('Its name.')
output name string = rule.name

@description('Its immutable ID, which the sink posts to.')
output immutableId string = rule.properties.immutableId

@description('The endpoint that takes rows.')
output endpoint string = rule.properties.endpoints.logsIngestion
