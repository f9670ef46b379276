const webhooks = (): string =>
  `http://${process.env["WEBSITE_HOSTNAME"] ?? "localhost:7071"}/runtime/webhooks/durabletask`;

/** They lead nowhere, so that handing them to a caller gives no access; the SDK wants them. */
export const managementUrls = (hubName: string, id: string) => {
  const instance = `${webhooks()}/instances/${id}`;
  const hub = `taskHub=${hubName}&connection=Storage`;
  return {
    id,
    statusQueryGetUri: `${instance}?${hub}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${hub}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${hub}`,
    rewindPostUri: `${instance}/rewind?reason={text}&${hub}`,
    purgeHistoryDeleteUri: `${instance}?${hub}`,
    restartPostUri: `${instance}/restart?${hub}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${hub}`,
    resumePostUri: `${instance}/resume?reason={text}&${hub}`,
  };
};

/** The value of a durableClient input binding. The client talks to `rpcBaseUrl` only. */
export const clientBinding = (hubName: string, rpcBaseUrl: string): string => {
  const baseUrl = webhooks();
  return JSON.stringify({
    taskHubName: hubName,
    connectionName: null,
    creationUrls: {
      createNewInstancePostUri: `${baseUrl}/orchestrators/{functionName}[/{instanceId}]`,
      createAndWaitOnNewInstancePostUri: `${baseUrl}/orchestrators/{functionName}[/{instanceId}]?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}`,
    },
    managementUrls: managementUrls(hubName, "INSTANCEID"),
    baseUrl,
    requiredQueryStringParameters: "",
    rpcBaseUrl,
    httpBaseUrl: baseUrl,
    maxGrpcMessageSizeInBytes: 4_194_304,
    grpcHttpClientTimeout: null,
  });
};
