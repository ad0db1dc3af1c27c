metadata description = 'Lets Auth0 make its partner topic in this resource group. A deployment replaces the whole list of partners.'

import { authorizedPartner } from '../types.bicep'

@description('Required. Other partners that stay on the list.')
param otherPartners authorizedPartner[]

@description('Required. Days from now, after which Auth0 can neither make, change nor delete its topic here. Events go on.')
@minValue(2)
@maxValue(365)
param days int

@description('Optional. The time of the deployment.')
param now string = utcNow()

resource authorization 'Microsoft.EventGrid/partnerConfigurations@2025-02-15' = {
  name: 'default'
  location: 'global'
  properties: {
    partnerAuthorization: {
      defaultMaximumExpirationTimeInDays: days
      authorizedPartnersList: concat(otherPartners, [
        {
          partnerName: 'Auth0'
          partnerRegistrationImmutableId: '804a11ca-ce9b-4158-8e94-3c8dc7a072ec'
          authorizationExpirationTimeInUtc: dateTimeAdd(now, 'P${days - 1}D')
        }
      ])
    }
  }
}

@description('Its resource ID.')
output id string = authorization.id
