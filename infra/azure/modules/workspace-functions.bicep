metadata description = 'KQL functions that every other query builds on: one view of all tables, and what the functions say about themselves.'

targetScope = 'resourceGroup'

@description('Required. Name of the Log Analytics workspace.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Optional. Plan of the table Auth0Logs_CL. A table of another plan than Analytics takes no part in a union.')
param tablePlan 'Analytics' | 'Basic' | 'Auxiliary' = 'Analytics'

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

// In the order in which they build on each other.
var functions = [
  {
    alias: 'Auth0EventTypes'
    parameters: ''
    body: loadTextContent('../kql/functions/Auth0EventTypes.kql')
    readsEvents: false
  }
  {
    alias: 'Auth0Record'
    parameters: 'Raw:dynamic, Columns:dynamic'
    body: loadTextContent('../kql/functions/Auth0Record.kql')
    readsEvents: false
  }
  {
    alias: 'Auth0RelayCounters'
    parameters: ''
    body: loadTextContent('../kql/functions/Auth0RelayCounters.kql')
    readsEvents: false
  }
  {
    alias: 'Auth0Rows'
    parameters: ''
    body: loadTextContent('../kql/functions/Auth0Rows.kql')
    readsEvents: true
  }
  {
    alias: 'Auth0Events'
    parameters: ''
    body: loadTextContent('../kql/functions/Auth0Events.kql')
    readsEvents: true
  }
  {
    alias: 'Auth0EventsAndOld'
    parameters: ''
    body: loadTextContent('../kql/functions/Auth0EventsAndOld.kql')
    readsEvents: true
  }
]

@batchSize(1)
resource workspaceFunctions 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-02-01' = [
  for function in functions: if (!function.readsEvents || tablePlan == 'Analytics') {
    parent: workspace
    name: toLower(function.alias)
    properties: {
      #disable-next-line BCP037 BCP089 // the service reads it here; without it the second deployment ends with 409
      etag: '*'
      category: 'Auth0 log relay functions'
      displayName: function.alias
      functionAlias: function.alias
      functionParameters: empty(function.parameters) ? null : function.parameters
      query: function.body
      version: 2
    }
  }
]
