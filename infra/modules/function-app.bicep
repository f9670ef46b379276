param name string
param planName string
param location string
param tags object
param nodeVersion string
param instanceMemoryMB int
param maximumInstanceCount int
param identityId string
param identityClientId string

@description('The installation\'s own account: host state, durable task hub, catalog, scratch.')
param storageAccountName string

@description('URL of the container the deployed package lies in.')
param packageContainerUrl string

@description('Empty: no Application Insights.')
param applicationInsightsConnectionString string

@description('LIFEBOAT_* settings that are no secrets.')
param settings object

@secure()
param sealingKeys string

@secure()
param recoveryKey string

@secure()
param bootstrapKey string

var hostSettings = {
  AzureWebJobsStorage__accountName: storageAccountName
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  // The app's own clients (DefaultAzureCredential) act as the same identity.
  AZURE_CLIENT_ID: identityClientId
}

var secretSettings = {
  LIFEBOAT_SEALING_KEYS: sealingKeys
  LIFEBOAT_RECOVERY_KEY: recoveryKey
  LIFEBOAT_BOOTSTRAP_KEY: bootstrapKey
}

var insightsSettings = empty(applicationInsightsConnectionString) ? {} : {
  APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    siteConfig: { minTlsVersion: '1.2' }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'node'
        version: nodeVersion
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(hostSettings, settings, secretSettings, insightsSettings)
  }
}

output url string = 'https://${app.properties.defaultHostName}'
