metadata description = 'A user-assigned identity, so that its roles can be there before whoever uses it.'

import { tags as tagsType } from '../types.bicep'

@description('Required. Its name.')
@minLength(3)
@maxLength(128)
param name string

@description('Required. Its region.')
param location string

@description('Required. Tags.')
param tags tagsType

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Its resource ID.')
output id string = identity.id

@description('Its name.')
output name string = identity.name

@description('Its object ID, which roles are given to.')
output principalId string = identity.properties.principalId

@description('Its client ID, by which a process asks for its tokens.')
output clientId string = identity.properties.clientId
