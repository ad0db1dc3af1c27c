metadata description = 'One page that shows what happened on the tenant and whether log events come, arrive, wait or are set aside.'

targetScope = 'resourceGroup'

@description('Required. Name of the Log Analytics workspace.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Required. Region of the workspace.')
param location string

@description('Optional. Tags of the workbook.')
param tags { *: string } = {}

@description('Optional. Plan of the table Auth0Logs_CL. The part about log events needs Analytics.')
param tablePlan 'Analytics' | 'Basic' | 'Auxiliary' = 'Analytics'

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

var hours = [1, 4, 24, 72, 168, 720]

var parameterItem = {
  type: 9
  name: 'parameters'
  content: {
    version: 'KqlParameterItem/1.0'
    style: 'pills'
    queryType: 0
    resourceType: 'microsoft.operationalinsights/workspaces'
    parameters: [
      {
        id: guid('auth0-log-relay', 'TimeRange')
        version: 'KqlParameterItem/1.0'
        name: 'TimeRange'
        label: 'Time range'
        type: 4
        isRequired: true
        value: {
          durationMs: 86400000
        }
        typeSettings: {
          selectableValues: map(hours, hour => {
            durationMs: hour * 3600000
          })
          allowCustom: true
        }
      }
      {
        id: guid('auth0-log-relay', 'Tenant')
        version: 'KqlParameterItem/1.0'
        name: 'Tenant'
        label: 'Tenant of the relay'
        type: 2
        isRequired: true
        multiSelect: true
        quote: '\''
        delimiter: ','
        query: loadTextContent('../kql/workbook/tenants.kql')
        queryType: 0
        resourceType: 'microsoft.operationalinsights/workspaces'
        timeContextFromParameter: 'TimeRange'
        value: ['value::all']
        typeSettings: {
          additionalResourceOptions: ['value::all']
          selectAllValue: '*'
          showDefault: false
        }
      }
    ]
  }
}

var tiles = [
  {
    name: 'events-by-outcome'
    title: 'Log events by outcome'
    query: loadTextContent('../kql/workbook/events-by-outcome.kql')
    visualization: 'timechart'
    width: '50'
    readsEvents: true
  }
  {
    name: 'mfa'
    title: 'Multi-factor authentication'
    query: loadTextContent('../kql/workbook/mfa.kql')
    visualization: 'timechart'
    width: '50'
    readsEvents: true
  }
  {
    name: 'failing-users'
    title: 'Users whose log-ins fail most'
    query: loadTextContent('../kql/workbook/failing-users.kql')
    visualization: 'table'
    width: '50'
    readsEvents: true
  }
  {
    name: 'failing-addresses'
    title: 'Addresses from which log-ins fail most'
    query: loadTextContent('../kql/workbook/failing-addresses.kql')
    visualization: 'table'
    width: '50'
    readsEvents: true
  }
  {
    name: 'admin-changes'
    title: 'Changes of the tenant'
    query: loadTextContent('../kql/workbook/admin-changes.kql')
    visualization: 'table'
    width: '100'
    readsEvents: true
  }
  {
    name: 'events-by-category'
    title: 'Log events by type'
    query: loadTextContent('../kql/workbook/events-by-category.kql')
    visualization: 'table'
    width: '100'
    readsEvents: true
  }
  {
    name: 'events-in'
    title: 'Log events in, by function'
    query: loadTextContent('../kql/workbook/events-in.kql')
    visualization: 'timechart'
    width: '50'
    readsEvents: false
  }
  {
    name: 'events-out'
    title: 'Log events delivered, by sink'
    query: loadTextContent('../kql/workbook/events-out.kql')
    visualization: 'timechart'
    width: '50'
    readsEvents: false
  }
  {
    name: 'lag'
    title: 'Lag at delivery, in seconds'
    query: loadTextContent('../kql/workbook/lag.kql')
    visualization: 'timechart'
    width: '33'
    readsEvents: false
  }
  {
    name: 'gaps'
    title: 'Gaps: what push did not bring'
    query: loadTextContent('../kql/workbook/gaps.kql')
    visualization: 'timechart'
    width: '33'
    readsEvents: false
  }
  {
    name: 'dead-letters'
    title: 'Dead letters'
    query: loadTextContent('../kql/workbook/dead-letters.kql')
    visualization: 'timechart'
    width: '33'
    readsEvents: false
  }
  {
    name: 'totals'
    title: 'Counters'
    query: loadTextContent('../kql/workbook/totals.kql')
    visualization: 'table'
    width: '100'
    readsEvents: false
  }
]

var shownTiles = filter(tiles, tile => !tile.readsEvents || tablePlan == 'Analytics')

var tileItems = [
  for tile in shownTiles: {
    type: 3
    name: tile.name
    customWidth: tile.width
    content: {
      version: 'KqlItem/1.0'
      title: tile.title
      query: tile.query
      visualization: tile.visualization
      size: 0
      noDataMessage: 'Nothing in this time range.'
      timeContextFromParameter: 'TimeRange'
      queryType: 0
      resourceType: 'microsoft.operationalinsights/workspaces'
      crossComponentResources: [workspace.id]
    }
  }
]

// A deleted workbook is kept for weeks under its name, so the name is the same each time.
resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspace.id, 'auth0-log-relay')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Auth0 log relay'
    category: 'workbook'
    sourceId: workspace.id
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat([parameterItem], tileItems)
      fallbackResourceIds: [workspace.id]
    })
  }
}
