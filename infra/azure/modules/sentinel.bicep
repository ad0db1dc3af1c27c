metadata description = 'Microsoft Sentinel on a workspace: its normalized tables exist only then. It costs money for each gigabyte.'

@description('Required. The workspace.')
param workspaceName string

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource onboarding 'Microsoft.SecurityInsights/onboardingStates@2025-09-01' = {
  scope: workspace
  name: 'default'
  properties: {}
}

@description('The name of what says so.')
output name string = onboarding.name
