metadata description = 'Who gets the events of the topics. Deployed after the code: Event Grid looks whether the function is there.'

import { batching as batchingType, eventHub as eventHubType, serviceBusEntity, storageQueue as storageQueueType } from 'types.bicep'

@description('Optional. The custom topic; none without a webhook.')
param topicName string = ''

@description('Optional. The partner topic, which Auth0 made; active, with the identity on it. None unless named.')
param partnerTopicName string = ''

@description('Required. The app of azure-eventgrid-subscriber, whose code is there.')
param subscriberAppName string

@description('Required. The identity of the topics.')
param topicIdentityName string

@description('Required. The storage account of dead letters.')
param dataStorageName string

@description('Optional. How events are put together for our function.')
param batching batchingType = {
  maxEvents: 100
  kilobytes: 512
}

@description('Optional. An Event Hub that gets events one by one.')
param eventHub eventHubType?

@description('Optional. A queue of a storage account that gets events one by one.')
param storageQueue storageQueueType?

@description('Optional. A queue of Service Bus that gets events one by one.')
param serviceBusQueue serviceBusEntity?

@description('Optional. A topic of Service Bus that gets events one by one.')
param serviceBusTopic serviceBusEntity?

@description('Optional. The URL of a webhook that gets events one by one; none unless set. It answers the handshake of CloudEvents.')
@secure()
param webhookUrl string = ''

resource topicIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: topicIdentityName
}

module eventHubRole 'modules/sender-roles.bicep' = if (eventHub != null) {
  name: 'auth0-event-hub-role'
  scope: resourceGroup(eventHub.?resourceGroup ?? resourceGroup().name)
  params: {
    principalId: topicIdentity.properties.principalId
    eventHub: eventHub
  }
}

module storageQueueRole 'modules/sender-roles.bicep' = if (storageQueue != null) {
  name: 'auth0-storage-queue-role'
  scope: resourceGroup(storageQueue.?resourceGroup ?? resourceGroup().name)
  params: {
    principalId: topicIdentity.properties.principalId
    storageQueue: storageQueue
  }
}

module serviceBusQueueRole 'modules/sender-roles.bicep' = if (serviceBusQueue != null) {
  name: 'auth0-service-bus-queue-role'
  scope: resourceGroup(serviceBusQueue.?resourceGroup ?? resourceGroup().name)
  params: {
    principalId: topicIdentity.properties.principalId
    serviceBusQueue: serviceBusQueue
  }
}

module serviceBusTopicRole 'modules/sender-roles.bicep' = if (serviceBusTopic != null) {
  name: 'auth0-service-bus-topic-role'
  scope: resourceGroup(serviceBusTopic.?resourceGroup ?? resourceGroup().name)
  params: {
    principalId: topicIdentity.properties.principalId
    serviceBusTopic: serviceBusTopic
  }
}

module topicSubscriptions 'modules/topic-subscriptions.bicep' = if (!empty(topicName)) {
  name: 'auth0-topic-subscriptions'
  params: {
    topicName: topicName
    subscriberAppName: subscriberAppName
    identityName: topicIdentityName
    dataStorageName: dataStorageName
    batching: batching
    eventHub: eventHub
    storageQueue: storageQueue
    serviceBusQueue: serviceBusQueue
    serviceBusTopic: serviceBusTopic
    webhookUrl: webhookUrl
  }
  dependsOn: [
    eventHubRole
    storageQueueRole
    serviceBusQueueRole
    serviceBusTopicRole
  ]
}

module partnerSubscriptions 'modules/partner-subscriptions.bicep' = if (!empty(partnerTopicName)) {
  name: 'auth0-partner-subscriptions'
  params: {
    topicName: partnerTopicName
    subscriberAppName: subscriberAppName
    identityName: topicIdentityName
    dataStorageName: dataStorageName
    batching: batching
    eventHub: eventHub
    storageQueue: storageQueue
    serviceBusQueue: serviceBusQueue
    serviceBusTopic: serviceBusTopic
    webhookUrl: webhookUrl
  }
  dependsOn: [
    eventHubRole
    storageQueueRole
    serviceBusQueueRole
    serviceBusTopicRole
  ]
}
