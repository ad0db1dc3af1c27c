metadata description = 'The custom topic of the webhook: CloudEvents in, no keys.'

import { tags as tagsType } from '../types.bicep'

@description('Required. Its name.')
@minLength(3)
@maxLength(50)
param name string

@description('Required. Its region.')
param location string

@description('Required. Tags.')
param tags tagsType

@description('Required. The identity by which it writes dead letters and delivers; its roles are there already.')
param identityId string

resource topic 'Microsoft.EventGrid/topics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    inputSchema: 'CloudEventSchemaV1_0'
    disableLocalAuth: true
    minimumTlsVersionAllowed: '1.2'
    publicNetworkAccess: 'Enabled'
  }
}

@description('Its name.')
output name string = topic.name

@description('Where events are put.')
output endpoint string = topic.properties.endpoint
