metadata description = 'Who gets the events of the custom topic: our function, and by parameter others.'

import { batching as batchingType, eventHub as eventHubType, serviceBusEntity, storageQueue as storageQueueType } from '../types.bicep'

@description('Required. The custom topic.')
param topicName string

@description('Required. The app of azure-eventgrid-subscriber, whose code is there.')
param subscriberAppName string

@description('Required. The identity of the topic, which may write dead letters and send to the destinations.')
param identityName string

@description('Required. The storage account of dead letters.')
param dataStorageName string

@description('Required. How events are put together for our function.')
param batching batchingType

@description('Optional. An Event Hub.')
param eventHub eventHubType?

@description('Optional. A queue of a storage account.')
param storageQueue storageQueueType?

@description('Optional. A queue of Service Bus.')
param serviceBusQueue serviceBusEntity?

@description('Optional. A topic of Service Bus.')
param serviceBusTopic serviceBusEntity?

@description('Optional. The URL of a webhook; none unless set.')
@secure()
param webhookUrl string = ''

var retryPolicy = {
  maxDeliveryAttempts: 30
  eventTimeToLiveInMinutes: 1440
}
var identityOfTopic = {
  type: 'UserAssigned'
  userAssignedIdentity: identity.id
}
var deadLetters = {
  identity: identityOfTopic
  deadLetterDestination: {
    endpointType: 'StorageBlob'
    properties: {
      resourceId: dataStorage.id
      blobContainerName: 'dead-letters'
    }
  }
}
// Others take events one by one, as far as singleEvents of main.bicep says; events of many are for our function alone.
var singleEvents = {
  includedEventTypes: ['com.auth0.Log']
}

resource topic 'Microsoft.EventGrid/topics@2025-02-15' existing = {
  name: topicName
}

resource subscriberApp 'Microsoft.Web/sites@2024-04-01' existing = {
  name: subscriberAppName
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource dataStorage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: dataStorageName
}

resource hubNamespace 'Microsoft.EventHub/namespaces@2024-01-01' existing = {
  scope: resourceGroup(eventHub.?resourceGroup ?? resourceGroup().name)
  name: eventHub.?namespaceName ?? 'absent-namespace'

  resource hub 'eventhubs' existing = {
    name: eventHub.?name ?? 'absent'
  }
}

resource queueAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  scope: resourceGroup(storageQueue.?resourceGroup ?? resourceGroup().name)
  name: storageQueue.?accountName ?? 'absent'
}

resource queueNamespace 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  scope: resourceGroup(serviceBusQueue.?resourceGroup ?? resourceGroup().name)
  name: serviceBusQueue.?namespaceName ?? 'absent-namespace'

  resource queue 'queues' existing = {
    name: serviceBusQueue.?name ?? 'absent'
  }
}

resource topicNamespace 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  scope: resourceGroup(serviceBusTopic.?resourceGroup ?? resourceGroup().name)
  name: serviceBusTopic.?namespaceName ?? 'absent-namespace'

  resource topic 'topics' existing = {
    name: serviceBusTopic.?name ?? 'absent'
  }
}

resource toFunction 'Microsoft.EventGrid/topics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'to-function'
  properties: {
    // Not by identity: Event Grid calls a function with its system key.
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: '${subscriberApp.id}/functions/deliver'
        maxEventsPerBatch: batching.maxEvents
        preferredBatchSizeInKilobytes: batching.kilobytes
      }
    }
    filter: {
      includedEventTypes: ['com.auth0.Logs']
    }
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    retryPolicy: retryPolicy
    deadLetterWithResourceIdentity: deadLetters
  }
}

resource toEventHub 'Microsoft.EventGrid/topics/eventSubscriptions@2025-02-15' = if (eventHub != null) {
  parent: topic
  name: 'to-event-hub'
  properties: {
    deliveryWithResourceIdentity: {
      identity: identityOfTopic
      destination: {
        endpointType: 'EventHub'
        properties: {
          resourceId: hubNamespace::hub.id
        }
      }
    }
    filter: singleEvents
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    retryPolicy: retryPolicy
    deadLetterWithResourceIdentity: deadLetters
  }
}

resource toStorageQueue 'Microsoft.EventGrid/topics/eventSubscriptions@2025-02-15' = if (storageQueue != null) {
  parent: topic
  name: 'to-storage-queue'
  properties: {
    deliveryWithResourceIdentity: {
      identity: identityOfTopic
      destination: {
        endpointType: 'StorageQueue'
        properties: {
          resourceId: queueAccount.id
          queueName: storageQueue.?name
        }
      }
    }
    filter: singleEvents
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    retryPolicy: retryPolicy
    deadLetterWithResourceIdentity: deadLetters
  }
}

resource toServiceBusQueue 'Microsoft.EventGrid/topics/eventSubscriptions@2025-02-15' = if (serviceBusQueue != null) {
  parent: topic
  name: 'to-service-bus-queue'
  properties: {
    deliveryWithResourceIdentity: {
      identity: identityOfTopic
      destination: {
        endpointType: 'ServiceBusQueue'
        properties: {
          resourceId: queueNamespace::queue.id
        }
      }
    }
    filter: singleEvents
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    retryPolicy: retryPolicy
    deadLetterWithResourceIdentity: deadLetters
  }
}

resource toServiceBusTopic 'Microsoft.EventGrid/topics/eventSubscriptions@2025-02-15' = if (serviceBusTopic != null) {
  parent: topic
  name: 'to-service-bus-topic'
  properties: {
    deliveryWithResourceIdentity: {
      identity: identityOfTopic
      destination: {
        endpointType: 'ServiceBusTopic'
        properties: {
          resourceId: topicNamespace::topic.id
        }
      }
    }
    filter: singleEvents
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    retryPolicy: retryPolicy
    deadLetterWithResourceIdentity: deadLetters
  }
}

resource toWebhook 'Microsoft.EventGrid/topics/eventSubscriptions@2025-02-15' = if (!empty(webhookUrl)) {
  parent: topic
  name: 'to-webhook'
  properties: {
    destination: {
      endpointType: 'WebHook'
      properties: {
        endpointUrl: webhookUrl
        minimumTlsVersionAllowed: '1.2'
      }
    }
    filter: singleEvents
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    retryPolicy: retryPolicy
    deadLetterWithResourceIdentity: deadLetters
  }
}
