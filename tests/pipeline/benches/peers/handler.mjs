// The webhook ingest in Node with the AWS SDK, for the comparison of starts: ten entries a call, one connection.
// Speaks the Lambda Runtime API itself. Only the bench starts it.

import http from "node:http";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";

const bus = process.env.EVENT_BUS_NAME;
const source = `auth0.com/${process.env.TENANT_NAME}/auth0.logs`;
const tokens = process.env.WEBHOOK_TOKENS.split(",").map((token) => token.trim());
const client = new EventBridgeClient({});
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, agent, method, path: `/2018-06-01/runtime/invocation/${path}` }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, text: Buffer.concat(chunks).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

const entry = (event) => ({
  EventBusName: bus,
  Source: source,
  DetailType: "Auth0 log",
  Detail: JSON.stringify(event),
  Time: event.data.date ? new Date(event.data.date) : new Date(),
});

async function handle(request) {
  const given = (request.headers.authorization ?? "").replace(/^Bearer /, "").trim();
  if (!tokens.includes(given)) return { statusCode: 401, body: "{}" };
  const events = JSON.parse(request.isBase64Encoded ? Buffer.from(request.body, "base64").toString() : request.body);
  let refused = 0;
  for (let begin = 0; begin < events.length; begin += 10) {
    const entries = events.slice(begin, begin + 10).map(entry);
    refused += (await client.send(new PutEventsCommand({ Entries: entries }))).FailedEntryCount;
  }
  return refused ? { statusCode: 503, body: "{}" } : { statusCode: 200, body: JSON.stringify({ delivered: events.length }) };
}

for (;;) {
  const invocation = await call("GET", "next");
  const identifier = invocation.headers["lambda-runtime-aws-request-id"];
  try {
    const answer = await handle(JSON.parse(invocation.text));
    await call("POST", `${identifier}/response`, JSON.stringify(answer));
  } catch (error) {
    await call("POST", `${identifier}/error`, JSON.stringify({ errorType: error.name, errorMessage: error.message }));
  }
}
