metadata description = 'The Key Vault. Its secrets are put there by whoever deploys, never by a template.'

import { tags as tagsType } from '../types.bicep'

@description('Required. Its name.')
@minLength(3)
@maxLength(24)
param name string

@description('Required. Its region.')
param location string

@description('Required. Tags.')
param tags tagsType

@description('Required. Whether nobody can purge it before its time; once true it stays.')
param purgeProtection bool

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 30
    // Azure refuses false.
    enablePurgeProtection: purgeProtection ? true : null
    publicNetworkAccess: 'Enabled'
  }
}

@description('Its name.')
output name string = vault.name

@description('Where it is, with a slash at the end.')
output uri string = vault.properties.vaultUri
