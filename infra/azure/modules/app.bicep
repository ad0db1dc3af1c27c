metadata description = 'A Function App on Flex Consumption that runs a custom handler, with a plan and a package container of its own.'

import { tags as tagsType } from '../types.bicep'

@description('Required. Its name.')
@minLength(2)
@maxLength(55)
param name string

@description('Required. Its region.')
param location string

@description('Required. Tags.')
param tags tagsType

@description('Required. The user-assigned identity that it runs as, whose roles are there already.')
param identityName string

@description('Required. The storage account of the host.')
param hostStorageName string

@description('Required. The container for its package and no other\'s.')
@minLength(3)
@maxLength(63)
param packageContainerName string

@description('Required. The Application Insights component.')
param insightsName string

@description('Required. Memory of an instance in megabytes; 512 is refused in some regions.')
param instanceMemoryMB 512 | 2048 | 4096

@description('Required. How many instances there may be.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int

@description('Required. What the function reads from its environment: the whole of it, because a deployment replaces all settings.')
param settings {
  *: string
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource hostStorage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: hostStorageName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

// Azure refuses a second app on a plan of this kind.
resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: '${name}-plan'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostStorage.properties.primaryEndpoints.blob}${packageContainerName}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      // Azure takes another version without a word, and the app never starts.
      runtime: {
        name: 'custom'
        version: '1.0'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
    }
  }

  resource basicScm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(settings, {
      AZURE_CLIENT_ID: identity.properties.clientId
      AzureWebJobsStorage__accountName: hostStorage.name
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identity.properties.clientId
      APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
    })
    // Azure makes one change of a site at a time.
    dependsOn: [
      basicScm
    ]
  }
}

@description('Its name.')
output name string = app.name

@description('Its host name.')
output hostName string = app.properties.defaultHostName
