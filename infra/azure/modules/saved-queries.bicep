metadata description = 'Queries to begin with, in the query explorer of the workspace under "Auth0 log relay".'

targetScope = 'resourceGroup'

@description('Required. Name of the Log Analytics workspace.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Optional. Plan of the table Auth0Logs_CL. Queries over log events need Analytics.')
param tablePlan 'Analytics' | 'Basic' | 'Auxiliary' = 'Analytics'

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

var queries = [
  {
    name: 'one-user'
    displayName: 'Auth0: what one user did'
    body: loadTextContent('../kql/queries/one-user.kql')
    readsEvents: true
  }
  {
    name: 'one-address'
    displayName: 'Auth0: what came from one address'
    body: loadTextContent('../kql/queries/one-address.kql')
    readsEvents: true
  }
  {
    name: 'one-event'
    displayName: 'Auth0: all that is kept of one log event'
    body: loadTextContent('../kql/queries/one-event.kql')
    readsEvents: true
  }
  {
    name: 'many-accounts-from-one-address'
    displayName: 'Auth0: failed log-ins to many accounts from one address'
    body: loadTextContent('../kql/queries/many-accounts-from-one-address.kql')
    readsEvents: true
  }
  {
    name: 'log-in-after-failures'
    displayName: 'Auth0: log-ins after failures'
    body: loadTextContent('../kql/queries/log-in-after-failures.kql')
    readsEvents: true
  }
  {
    name: 'unknown-codes'
    displayName: 'Auth0: type codes that the catalogue does not know'
    body: loadTextContent('../kql/queries/unknown-codes.kql')
    readsEvents: true
  }
  {
    name: 'doubles'
    displayName: 'Auth0: log events that are there more than once'
    body: loadTextContent('../kql/queries/doubles.kql')
    readsEvents: true
  }
  {
    name: 'only-in-old-tables'
    displayName: 'Auth0 migration: log events that only the old tables have'
    body: loadTextContent('../kql/queries/only-in-old-tables.kql')
    readsEvents: true
  }
  {
    name: 'only-from-another-connector'
    displayName: 'Auth0 migration: log events that only another connector brought'
    body: loadTextContent('../kql/queries/only-from-another-connector.kql')
    readsEvents: true
  }
  {
    name: 'arrival'
    displayName: 'Auth0: how long log events take to arrive'
    body: loadTextContent('../kql/queries/arrival.kql')
    readsEvents: true
  }
  {
    name: 'relay-totals'
    displayName: 'Auth0 log relay: totals of each function'
    body: loadTextContent('../kql/queries/relay-totals.kql')
    readsEvents: false
  }
  {
    name: 'relay-trouble'
    displayName: 'Auth0 log relay: trouble, newest first'
    body: loadTextContent('../kql/queries/relay-trouble.kql')
    readsEvents: false
  }
]

@batchSize(1)
resource savedQueries 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-02-01' = [
  for query in queries: if (!query.readsEvents || tablePlan == 'Analytics') {
    parent: workspace
    name: 'auth0-log-relay-${query.name}'
    properties: {
      #disable-next-line BCP037 BCP089 // the service reads it here; without it the second deployment ends with 409
      etag: '*'
      category: 'Auth0 log relay'
      displayName: query.displayName
      query: query.body
      version: 2
    }
  }
]
