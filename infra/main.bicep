// Lifeboat in Azure: one resource group with a function app, two storage accounts, an identity and, if wanted, monitoring.
targetScope = 'subscription'

@description('Name of this installation; part of every resource name.')
@minLength(1)
@maxLength(24)
param environmentName string

@description('Region of all resources. It must offer the Flex Consumption plan.')
param location string

@description('Version of Node that runs the app.')
@allowed(['20', '22', '24'])
param nodeVersion string = '22'

@description('Memory of one instance. Packing takes about 300 MB; more memory also means more CPU.')
@allowed([2048, 4096])
param instanceMemoryMB int = 2048

@description('Most instances that may work at the same time.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Redundancy of the account that holds the backups: LRS is the cheapest, GRS survives the loss of the region.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param backupRedundancy string = 'Standard_ZRS'

@description('Days during which a deleted backup blob can still be brought back.')
@minValue(1)
@maxValue(365)
param backupSoftDeleteDays int = 14

@description('Keys that seal secrets in the catalog, as `id:base64 of 32 bytes`, comma-separated, the newest first. Lost keys make sealed values unreadable: keep a copy.')
@secure()
param sealingKeys string

@description('Opens the settings inside backups; without it backups hold only their names.')
@secure()
param recoveryKey string = ''

@description('First admin key, at least 24 characters.')
@secure()
@minLength(24)
param bootstrapKey string

@description('Id of the Entra ID tenant whose tokens are accepted beside keys; empty: none are.')
param entraTenant string = ''

@description('For whom these tokens have to be: application id URI and client id of the app registration, comma-separated.')
param entraAudience string = ''

@description('Application Insights and its workspace.')
param monitoring bool = true

// The authority is that of the cloud this is deployed to.
var entraSettings = empty(entraTenant) ? {} : {
  LIFEBOAT_ENTRA_TENANT: entraTenant
  LIFEBOAT_ENTRA_AUDIENCE: entraAudience
  LIFEBOAT_ENTRA_AUTHORITY: environment().authentication.loginEndpoint
}

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }

// https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var queueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
var tableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-lifeboat-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-lifeboat-${token}'
    location: location
    tags: tags
  }
}

// The installation's own storage: the host's queues and leases, the catalog's tables, scratch, the deployed package.
module installation 'modules/storage.bicep' = {
  name: 'installation'
  scope: group
  params: {
    name: 'stlb${token}'
    location: location
    tags: tags
    sku: 'Standard_LRS'
    containers: ['packages', 'scratch']
    softDeleteDays: 0
    principalId: identity.outputs.principalId
    roles: [blobDataOwner, queueDataContributor, tableDataContributor]
  }
}

// The backups, in an account of their own: other redundancy, other lifetime, and nothing else may write there.
module backups 'modules/storage.bicep' = {
  name: 'backups'
  scope: group
  params: {
    name: 'stbk${token}'
    location: location
    tags: tags
    sku: backupRedundancy
    containers: ['backups']
    softDeleteDays: backupSoftDeleteDays
    principalId: identity.outputs.principalId
    roles: [blobDataContributor]
  }
}

module insights 'modules/monitoring.bicep' = if (monitoring) {
  name: 'insights'
  scope: group
  params: {
    name: 'lifeboat-${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
  }
}

module app 'modules/function-app.bicep' = {
  name: 'app'
  scope: group
  params: {
    name: 'func-lifeboat-${token}'
    planName: 'plan-lifeboat-${token}'
    location: location
    tags: union(tags, { 'azd-service-name': 'lifeboat' })
    nodeVersion: nodeVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageAccountName: installation.outputs.name
    packageContainerUrl: '${installation.outputs.blobEndpoint}packages'
    applicationInsightsConnectionString: monitoring ? insights!.outputs.connectionString : ''
    settings: union(entraSettings, {
      LIFEBOAT_HUB: 'lifeboat'
      LIFEBOAT_TABLES: installation.outputs.tableEndpoint
      LIFEBOAT_SCRATCH: '${installation.outputs.blobEndpoint}scratch'
      LIFEBOAT_DESTINATION: '${backups.outputs.blobEndpoint}backups'
    })
    sealingKeys: sealingKeys
    recoveryKey: recoveryKey
    bootstrapKey: bootstrapKey
  }
}

output AZURE_LOCATION string = location
output AZURE_RESOURCE_GROUP string = group.name
output LIFEBOAT_URL string = app.outputs.url
