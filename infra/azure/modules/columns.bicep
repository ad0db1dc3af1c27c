metadata description = 'The columns of our rows, as documented in docs/schema-sentinel.md and docs/schema-asim.md, with the types of a stream.'

import { column } from '../types.bicep'

@export()
@description('Rows of Auth0Logs_CL: those of Microsoft\'s connector, and Raw.')
var auth0LogsColumns column[] = [
  { name: 'TimeGenerated', type: 'datetime' }
  { name: 'event_date', type: 'datetime' }
  { name: 'EventType', type: 'string' }
  { name: 'Description', type: 'string' }
  { name: 'Connection', type: 'string' }
  { name: 'ConnectionId', type: 'string' }
  { name: 'ClientId', type: 'string' }
  { name: 'ClientName', type: 'string' }
  { name: 'SrcIpAddr', type: 'string' }
  { name: 'HttpUserAgent', type: 'string' }
  { name: 'SrcHostname', type: 'string' }
  { name: 'ActorUserId', type: 'string' }
  { name: 'ActorUsername', type: 'string' }
  { name: 'Audience', type: 'string' }
  { name: 'Scope', type: 'string' }
  { name: 'Strategy', type: 'string' }
  { name: 'StrategyType', type: 'string' }
  { name: 'LocationInfo', type: 'dynamic' }
  { name: 'Details', type: 'dynamic' }
  { name: 'LogId', type: 'string' }
  { name: 'TenantName', type: 'string' }
  { name: 'IsMobile', type: 'boolean' }
  { name: 'Raw', type: 'dynamic' }
]

@export()
@description('Rows of ASimAuthenticationEventLogs.')
var authenticationColumns column[] = [
  { name: 'TimeGenerated', type: 'datetime' }
  { name: 'EventCount', type: 'int' }
  { name: 'EventStartTime', type: 'datetime' }
  { name: 'EventEndTime', type: 'datetime' }
  { name: 'EventVendor', type: 'string' }
  { name: 'EventProduct', type: 'string' }
  { name: 'EventSchemaVersion', type: 'string' }
  { name: 'EventResult', type: 'string' }
  { name: 'EventSeverity', type: 'string' }
  { name: 'EventMessage', type: 'string' }
  { name: 'EventOriginalType', type: 'string' }
  { name: 'EventOriginalUid', type: 'string' }
  { name: 'EventOriginalResultDetails', type: 'string' }
  { name: 'DvcFQDN', type: 'string' }
  { name: 'SrcIpAddr', type: 'string' }
  { name: 'SrcGeoCountry', type: 'string' }
  { name: 'SrcGeoCity', type: 'string' }
  { name: 'SrcGeoRegion', type: 'string' }
  { name: 'SrcGeoLatitude', type: 'real' }
  { name: 'SrcGeoLongitude', type: 'real' }
  { name: 'SrcDeviceType', type: 'string' }
  { name: 'HttpUserAgent', type: 'string' }
  { name: 'EventType', type: 'string' }
  { name: 'EventSubType', type: 'string' }
  { name: 'EventResultDetails', type: 'string' }
  { name: 'LogonMethod', type: 'string' }
  { name: 'LogonProtocol', type: 'string' }
  { name: 'DvcAction', type: 'string' }
  { name: 'RuleName', type: 'string' }
  { name: 'ActorUserId', type: 'string' }
  { name: 'ActorUserIdType', type: 'string' }
  { name: 'ActorUsername', type: 'string' }
  { name: 'ActorUsernameType', type: 'string' }
  { name: 'TargetUserId', type: 'string' }
  { name: 'TargetUsername', type: 'string' }
  { name: 'TargetAppId', type: 'string' }
  { name: 'TargetAppName', type: 'string' }
  { name: 'TargetAppType', type: 'string' }
  { name: 'TargetSessionId', type: 'string' }
  { name: 'TargetUserScope', type: 'string' }
  { name: 'TargetUserIdType', type: 'string' }
  { name: 'TargetUsernameType', type: 'string' }
  { name: 'TargetUserType', type: 'string' }
  { name: 'AdditionalFields', type: 'dynamic' }
]

@export()
@description('Rows of ASimAuditEventLogs.')
var auditColumns column[] = [
  { name: 'TimeGenerated', type: 'datetime' }
  { name: 'EventCount', type: 'int' }
  { name: 'EventStartTime', type: 'datetime' }
  { name: 'EventEndTime', type: 'datetime' }
  { name: 'EventVendor', type: 'string' }
  { name: 'EventProduct', type: 'string' }
  { name: 'EventSchemaVersion', type: 'string' }
  { name: 'EventResult', type: 'string' }
  { name: 'EventSeverity', type: 'string' }
  { name: 'EventMessage', type: 'string' }
  { name: 'EventOriginalType', type: 'string' }
  { name: 'EventOriginalUid', type: 'string' }
  { name: 'EventOriginalResultDetails', type: 'string' }
  { name: 'DvcFQDN', type: 'string' }
  { name: 'SrcIpAddr', type: 'string' }
  { name: 'SrcGeoCountry', type: 'string' }
  { name: 'SrcGeoCity', type: 'string' }
  { name: 'SrcGeoRegion', type: 'string' }
  { name: 'SrcGeoLatitude', type: 'real' }
  { name: 'SrcGeoLongitude', type: 'real' }
  { name: 'SrcDeviceType', type: 'string' }
  { name: 'HttpUserAgent', type: 'string' }
  { name: 'EventType', type: 'string' }
  { name: 'Operation', type: 'string' }
  { name: 'Object', type: 'string' }
  { name: 'ObjectType', type: 'string' }
  { name: 'OriginalObjectType', type: 'string' }
  { name: 'ObjectId', type: 'string' }
  { name: 'ActorUserId', type: 'string' }
  { name: 'ActorUserIdType', type: 'string' }
  { name: 'ActorUsername', type: 'string' }
  { name: 'ActorUsernameType', type: 'string' }
  { name: 'ActorUserType', type: 'string' }
  { name: 'ActorScope', type: 'string' }
  { name: 'TargetAppName', type: 'string' }
  { name: 'TargetAppType', type: 'string' }
  { name: 'ActingAppId', type: 'string' }
  { name: 'ActingAppName', type: 'string' }
  { name: 'ActingAppType', type: 'string' }
  { name: 'AdditionalFields', type: 'dynamic' }
]
