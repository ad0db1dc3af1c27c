using 'main.bicep'

// deploy.sh says these; what stands beside them is for whoever reads or checks this file.
param tenantName = readEnvironmentVariable('TENANT_NAME', 'acme')
param location = readEnvironmentVariable('LOCATION', 'westeurope')
param useWebhook = bool(readEnvironmentVariable('USE_WEBHOOK', 'true'))
param usePartnerTopic = bool(readEnvironmentVariable('USE_PARTNER_TOPIC', 'false'))
param otherPartners = json(readEnvironmentVariable('OTHER_PARTNERS', '[]'))
param workspaceName = readEnvironmentVariable('WORKSPACE_NAME', '')
param workspaceResourceGroup = readEnvironmentVariable('WORKSPACE_RESOURCE_GROUP', 'auth0-logs')
param extraColumns = json(readEnvironmentVariable('EXTRA_COLUMNS', '[]'))
param deployerId = readEnvironmentVariable('DEPLOYER_ID', '')
param deployerType = readEnvironmentVariable('DEPLOYER_TYPE', 'User') == 'User' ? 'User' : 'ServicePrincipal'

// The environment's own. main.bicep describes every parameter.
param tags = {
  environment: 'production'
}
param redundancy = 'Standard_ZRS'
param tableRetentionInDays = 90
param tableTotalRetentionInDays = 365
param silentMinutes = 60
param purgeProtection = true
