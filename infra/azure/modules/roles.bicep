metadata description = 'What an identity may do, by role name. The names carry the principal, so that a new identity gets new assignments.'

@description('Required. The object ID of the identity or of who deploys.')
@minLength(36)
@maxLength(36)
param principalId string

@description('Optional. What the principal is.')
param principalType 'ServicePrincipal' | 'User' | 'Group' = 'ServicePrincipal'

@description('Optional. The storage account of the Functions host that runs as this identity; none unless named.')
param hostStorageName string = ''

@description('Optional. The Application Insights component that its host writes to; none unless named.')
param insightsName string = ''

@description('Optional. The storage account of dead letters and ledger; none unless named.')
param dataStorageName string = ''

@description('Conditional. Required with dataStorageName. The container of dead letters.')
param containerName string = ''

@description('Optional. The table of that account that it reads and writes; none unless named.')
param tableName string = ''

@description('Optional. The Event Grid topic that it puts events onto; none unless named.')
param topicName string = ''

@description('Optional. The data collection rule that it posts rows to; none unless named.')
param ruleName string = ''

@description('Optional. The Key Vault whose secrets it reads; none unless named.')
param vaultName string = ''

@description('Optional. Whether it also writes that vault\'s secrets.')
param writesSecrets bool = false

var roles = {
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  eventGridDataSender: 'd5a91429-5739-47e2-a06b-3470a27159e7'
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
  keyVaultSecretsOfficer: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
}
// The host keeps its keys and locks in blobs and its start-up errors in a table.
var hostRoles = [roles.storageBlobDataOwner, roles.storageQueueDataContributor, roles.storageTableDataContributor]
// ARM reads the scope of an assignment whose condition is false, too.
var absent = 'absent'
var vaultRole = writesSecrets ? roles.keyVaultSecretsOfficer : roles.keyVaultSecretsUser

resource hostStorage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: empty(hostStorageName) ? absent : hostStorageName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: empty(insightsName) ? absent : insightsName
}

resource dataStorage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: empty(dataStorageName) ? absent : dataStorageName

  resource blobService 'blobServices' existing = {
    name: 'default'

    resource container 'containers' existing = {
      name: empty(containerName) ? absent : containerName
    }
  }

  resource tableService 'tableServices' existing = {
    name: 'default'

    resource table 'tables' existing = {
      name: empty(tableName) ? absent : tableName
    }
  }
}

resource topic 'Microsoft.EventGrid/topics@2025-02-15' existing = {
  name: empty(topicName) ? absent : topicName
}

resource rule 'Microsoft.Insights/dataCollectionRules@2023-03-11' existing = {
  name: empty(ruleName) ? absent : ruleName
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: empty(vaultName) ? absent : vaultName
}

resource onHostStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in hostRoles: if (!empty(hostStorageName)) {
    name: guid(hostStorage.id, principalId, role)
    scope: hostStorage
    properties: {
      principalId: principalId
      principalType: principalType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource onInsights 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(insightsName)) {
  name: guid(insights.id, principalId, roles.monitoringMetricsPublisher)
  scope: insights
  properties: {
    principalId: principalId
    principalType: principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.monitoringMetricsPublisher)
  }
}

resource onContainer 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(dataStorageName)) {
  name: guid(dataStorage::blobService::container.id, principalId, roles.storageBlobDataContributor)
  scope: dataStorage::blobService::container
  properties: {
    principalId: principalId
    principalType: principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
  }
}

resource onTable 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(tableName)) {
  name: guid(dataStorage::tableService::table.id, principalId, roles.storageTableDataContributor)
  scope: dataStorage::tableService::table
  properties: {
    principalId: principalId
    principalType: principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageTableDataContributor)
  }
}

resource onTopic 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(topicName)) {
  name: guid(topic.id, principalId, roles.eventGridDataSender)
  scope: topic
  properties: {
    principalId: principalId
    principalType: principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventGridDataSender)
  }
}

resource onRule 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(ruleName)) {
  name: guid(rule.id, principalId, roles.monitoringMetricsPublisher)
  scope: rule
  properties: {
    principalId: principalId
    principalType: principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.monitoringMetricsPublisher)
  }
}

resource onVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(vaultName)) {
  name: guid(vault.id, principalId, vaultRole)
  scope: vault
  properties: {
    principalId: principalId
    principalType: principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', vaultRole)
  }
}
