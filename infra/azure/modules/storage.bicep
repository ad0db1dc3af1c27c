metadata description = 'A storage account without shared keys and public blobs, with its containers and tables.'

import { tags as tagsType } from '../types.bicep'

@description('Required. Its name.')
@minLength(3)
@maxLength(24)
param name string

@description('Required. Its region.')
param location string

@description('Required. Tags.')
param tags tagsType

@description('Required. How it is kept.')
param redundancy 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS'

@description('Required. Its blob containers.')
param containerNames string[]

@description('Required. Its tables.')
param tableNames string[]

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: redundancy
  }
  kind: 'StorageV2'
  properties: {
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource blobService 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: storage
  name: 'default'
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = [
  for containerName in containerNames: {
    parent: blobService
    name: containerName
    properties: {
      publicAccess: 'None'
    }
  }
]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2024-01-01' = {
  parent: storage
  name: 'default'
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices/tables@2024-01-01' = [
  for tableName in tableNames: {
    parent: tableService
    name: tableName
  }
]

@description('Its name.')
output name string = storage.name

@description('Where its blobs are, with a slash at the end.')
output blobEndpoint string = storage.properties.primaryEndpoints.blob

@description('Where its tables are, with a slash at the end.')
output tableEndpoint string = storage.properties.primaryEndpoints.table
