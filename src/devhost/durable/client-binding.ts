/**
 * The value of a durableClient input binding. The client talks to `rpcBaseUrl` only. The management URLs are there
 * because the SDK wants them; they lead nowhere, so that handing them to a caller gives no access.
 */
export const clientBinding = (hubName: string, rpcBaseUrl: string): string => {
  const baseUrl = `http://${process.env["WEBSITE_HOSTNAME"] ?? "localhost:7071"}/runtime/webhooks/durabletask`;
  const instance = `${baseUrl}/instances/INSTANCEID`;
  const hub = `taskHub=${hubName}&connection=Storage`;
  return JSON.stringify({
    taskHubName: hubName,
    connectionName: null,
    creationUrls: {
      createNewInstancePostUri: `${baseUrl}/orchestrators/{functionName}[/{instanceId}]`,
      createAndWaitOnNewInstancePostUri: `${baseUrl}/orchestrators/{functionName}[/{instanceId}]?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}`,
    },
    managementUrls: {
      id: "INSTANCEID",
      statusQueryGetUri: `${instance}?${hub}`,
      sendEventPostUri: `${instance}/raiseEvent/{eventName}?${hub}`,
      terminatePostUri: `${instance}/terminate?reason={text}&${hub}`,
      rewindPostUri: `${instance}/rewind?reason={text}&${hub}`,
      purgeHistoryDeleteUri: `${instance}?${hub}`,
      restartPostUri: `${instance}/restart?${hub}`,
      suspendPostUri: `${instance}/suspend?reason={text}&${hub}`,
      resumePostUri: `${instance}/resume?reason={text}&${hub}`,
    },
    baseUrl,
    requiredQueryStringParameters: "",
    rpcBaseUrl,
    httpBaseUrl: baseUrl,
    maxGrpcMessageSizeInBytes: 4_194_304,
    grpcHttpClientTimeout: null,
  });
};
