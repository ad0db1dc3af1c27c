using 'subscriptions.bicep'

// deploy.sh says these, as main.bicep made them; what stands beside them is for whoever reads or checks this file.
param topicName = readEnvironmentVariable('TOPIC_NAME', '')
param partnerTopicName = readEnvironmentVariable('PARTNER_TOPIC_NAME', '')
param subscriberAppName = readEnvironmentVariable('SUBSCRIBER_APP_NAME', 'auth0-deliver')
param topicIdentityName = readEnvironmentVariable('TOPIC_IDENTITY_NAME', 'auth0-topics')
param dataStorageName = readEnvironmentVariable('DATA_STORAGE_NAME', 'auth0data')
param webhookUrl = readEnvironmentVariable('WEBHOOK_DESTINATION_URL', '')

// The environment's own: where else events go. subscriptions.bicep describes every parameter.
param batching = {
  maxEvents: 100
  kilobytes: 512
}
