metadata description = 'The table Auth0Logs_CL. One that is there keeps its columns and gets those that it lacks.'

import { auth0LogsColumns } from 'columns.bicep'
import { column, tablePlan } from '../types.bicep'

@description('Required. The workspace.')
param workspaceName string

@description('Required. The plan.')
param plan tablePlan

@description('Required. Days that rows can be queried at no further cost; of a plan other than Analytics Azure decides.')
@minValue(4)
@maxValue(730)
param retentionInDays int

@description('Required. Days after which rows are deleted.')
@minValue(4)
@maxValue(4383)
param totalRetentionInDays int

@description('Required. Columns of a table that is there, beside ours.')
param extraColumns column[]

var ours = map(auth0LogsColumns, each => {
  name: each.name
  type: each.type == 'datetime' ? 'dateTime' : each.type
})

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource table 'Microsoft.OperationalInsights/workspaces/tables@2025-07-01' = {
  parent: workspace
  name: 'Auth0Logs_CL'
  properties: {
    plan: plan
    // Only the Analytics plan lets it be chosen.
    retentionInDays: plan == 'Analytics' ? retentionInDays : null
    totalRetentionInDays: totalRetentionInDays
    schema: {
      name: 'Auth0Logs_CL'
      columns: concat(ours, extraColumns)
    }
  }
}

@description('Its name, once it is there.')
output name string = table.name
