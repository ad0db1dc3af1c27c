metadata description = 'The Log Analytics workspace, made here.'

import { tags as tagsType } from '../types.bicep'

@description('Required. Its name.')
@minLength(4)
@maxLength(63)
param name string

@description('Required. Its region.')
param location string

@description('Required. Tags.')
param tags tagsType

@description('Required. Days that tables keep rows unless they say otherwise, the functions\' own lines among them.')
@minValue(30)
@maxValue(730)
param retentionInDays int

@description('Required. Gigabytes a day after which it takes no more; -1 is no limit.')
@minValue(-1)
param dailyQuotaGb int

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: retentionInDays
    workspaceCapping: {
      dailyQuotaGb: dailyQuotaGb
    }
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
  }
}

@description('Its name, once it is there.')
output name string = workspace.name
