metadata description = 'The types of parameters that more than one template has.'

@export()
@description('A column of a table or of a stream; a table says dateTime where a stream says datetime.')
type column = {
  @description('Required. Its name.')
  @minLength(1)
  @maxLength(45)
  name: string

  @description('Required. Its type.')
  type: 'string' | 'int' | 'long' | 'real' | 'boolean' | 'dynamic' | 'datetime' | 'dateTime' | 'guid'
}

@export()
@description('A table\'s plan. Basic and Auxiliary are cheaper, and no alert, detection or union reads them.')
type tablePlan = 'Analytics' | 'Basic' | 'Auxiliary'

@export()
@description('A partner that may make partner topics in the resource group beside Auth0.')
type authorizedPartner = {
  @description('Optional. Its name.')
  partnerName: string?

  @description('Optional. The immutable ID of its registration; name or ID is there.')
  partnerRegistrationImmutableId: string?

  @description('Optional. When that ends, in UTC; partnerAuthorizationDays from now unless set.')
  authorizationExpirationTimeInUtc: string?
}

@export()
@description('How every function filters and redacts events.')
type eventSettings = {
  @description('Optional. Type codes or beginnings of them, comma separated: only these pass.')
  includeTypes: string?

  @description('Optional. Type codes or beginnings of them, comma separated: these do not pass.')
  excludeTypes: string?

  @description('Optional. Auth0\'s categories, comma separated: only these pass.')
  includeCategories: string?

  @description('Optional. Auth0\'s categories, comma separated: these do not pass.')
  excludeCategories: string?

  @description('Optional. What is hidden: comma separated path=drop, path=mask or path=hmac; paths begin in the record (ip, not data.ip) and have no * and no brackets; a backslash escapes these, a dot, a comma, an equals sign; log_id cannot be hidden. A function does not start with another.')
  redact: string?

  @description('Optional. Whether the vault has a secret redact-key, which path=hmac needs.')
  useRedactKey: bool?

  @description('Optional. Whether text that cannot be read, and so not be redacted, is left out of its dead letter. Only with redact.')
  withholdUnreadable: bool?
}

@export()
@description('Which log events are sent singly, beside the events of many that our function takes.')
type singleEvents = {
  @description('Optional. Type codes or beginnings of them, comma separated; * is every one.')
  includeTypes: string?

  @description('Optional. Type codes or beginnings of them, comma separated: these are not.')
  excludeTypes: string?

  @description('Optional. Auth0\'s categories, comma separated.')
  includeCategories: string?

  @description('Optional. Auth0\'s categories, comma separated: these are not.')
  excludeCategories: string?
}

@export()
@description('A collector that takes the events over HTTPS, for the sink http.')
type collector = {
  @description('Optional. Its URL; required unless the vault has it.')
  url: string?

  @description('Optional. Whether the vault has a secret http-sink-url, the URL, because it holds a token.')
  useUrl: bool?

  @description('Optional. Whether the vault has a secret http-sink-authorization, sent as the header Authorization.')
  useAuthorization: bool?

  @description('Optional. How events are sent; ndjson unless set.')
  format: ('ndjson' | 'array')?
}

@export()
@description('Whose log is polled through the Management API, and from where; the vault has a secret auth0-client-secret.')
type poller = {
  @description('Required. The tenant\'s own domain, such as acme.eu.auth0.com, not a custom one.')
  @minLength(4)
  @maxLength(253)
  domain: string

  @description('Required. The client ID of an application that may use the Management API with the scope read:logs.')
  @minLength(1)
  clientId: string

  @description('Optional. When to poll, as NCRONTAB; every five minutes unless set.')
  schedule: string?

  @description('Optional. Where the first run begins: a time such as 2026-11-01T00:00:00Z, or a log_id; the first run\'s own time unless set.')
  startFrom: string?

  @description('Optional. Where to begin again, once: oldest, a time or a log_id.')
  resumeFrom: string?

  @description('Optional. Seconds for which a log event is left to push; 300 where there is push unless set, else 0.')
  graceSeconds: int?
}

@export()
@description('How many events Event Grid puts together for a call of our function.')
type batching = {
  @description('Required. At most so many.')
  @minValue(1)
  @maxValue(5000)
  maxEvents: int

  @description('Required. About so many kilobytes.')
  @minValue(1)
  @maxValue(1024)
  kilobytes: int
}

@export()
@description('An Event Hub of this subscription.')
type eventHub = {
  @description('Optional. Its resource group; this one unless named.')
  resourceGroup: string?

  @description('Required. Its namespace.')
  namespaceName: string

  @description('Required. Its name.')
  name: string
}

@export()
@description('A queue of a storage account of this subscription.')
type storageQueue = {
  @description('Optional. Its resource group; this one unless named.')
  resourceGroup: string?

  @description('Required. Its storage account.')
  accountName: string

  @description('Required. Its name.')
  name: string
}

@export()
@description('A queue or a topic of Service Bus, of this subscription.')
type serviceBusEntity = {
  @description('Optional. Its resource group; this one unless named.')
  resourceGroup: string?

  @description('Required. Its namespace.')
  namespaceName: string

  @description('Required. Its name.')
  name: string
}

@export()
@description('Tags of every resource that takes some.')
type tags = {
  *: string
}
