metadata description = 'Lets the identity of the topics send to destinations of this resource group.'

import { eventHub as eventHubType, serviceBusEntity, storageQueue as storageQueueType } from '../types.bicep'

@description('Required. The object ID of the identity.')
@minLength(36)
@maxLength(36)
param principalId string

@description('Optional. The Event Hub.')
param eventHub eventHubType?

@description('Optional. The queue of a storage account.')
param storageQueue storageQueueType?

@description('Optional. The queue of Service Bus.')
param serviceBusQueue serviceBusEntity?

@description('Optional. The topic of Service Bus.')
param serviceBusTopic serviceBusEntity?

var roles = {
  eventHubsDataSender: '2b629674-e913-4c01-ae53-ef4638d8f975'
  storageQueueDataMessageSender: 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
  serviceBusDataSender: '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
}
// ARM reads the scope of an assignment whose condition is false, too.
var absent = 'absent'

resource hubNamespace 'Microsoft.EventHub/namespaces@2024-01-01' existing = {
  name: eventHub.?namespaceName ?? 'absent-namespace'

  resource hub 'eventhubs' existing = {
    name: eventHub.?name ?? absent
  }
}

resource queueAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageQueue.?accountName ?? absent

  resource queueService 'queueServices' existing = {
    name: 'default'

    resource queue 'queues' existing = {
      name: storageQueue.?name ?? absent
    }
  }
}

resource queueNamespace 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: serviceBusQueue.?namespaceName ?? 'absent-namespace'

  resource queue 'queues' existing = {
    name: serviceBusQueue.?name ?? absent
  }
}

resource topicNamespace 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: serviceBusTopic.?namespaceName ?? 'absent-namespace'

  resource topic 'topics' existing = {
    name: serviceBusTopic.?name ?? absent
  }
}

resource onHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (eventHub != null) {
  name: guid(hubNamespace::hub.id, principalId, roles.eventHubsDataSender)
  scope: hubNamespace::hub
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventHubsDataSender)
  }
}

resource onQueue 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (storageQueue != null) {
  name: guid(queueAccount::queueService::queue.id, principalId, roles.storageQueueDataMessageSender)
  scope: queueAccount::queueService::queue
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageQueueDataMessageSender)
  }
}

resource onBusQueue 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (serviceBusQueue != null) {
  name: guid(queueNamespace::queue.id, principalId, roles.serviceBusDataSender)
  scope: queueNamespace::queue
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.serviceBusDataSender)
  }
}

resource onBusTopic 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (serviceBusTopic != null) {
  name: guid(topicNamespace::topic.id, principalId, roles.serviceBusDataSender)
  scope: topicNamespace::topic
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.serviceBusDataSender)
  }
}
