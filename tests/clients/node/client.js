// A client of the Backup service that reads the contracts when it starts: no generated code.
//
// node client.js PRODUCT
//
// Environment:
//   SITEKEEP_BACKUP_ADDRESS  host:port of the Backup service
//   SITEKEEP_API_KEY         the key of an admin of the organization
//   SITEKEEP_ORGANIZATION    the id of the organization
//   SITEKEEP_PROTO_PATH      the folders of the contracts and of what they import
//
// Gives the product a policy, runs a backup while watching it, and is refused a second one.
// Writes a line for each phase, then one line of JSON with everything that it was told.

import { delimiter } from "node:path";
import { exit } from "node:process";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const CONTRACTS = [
  "sitekeep/backup/v1/backup.proto",
  "sitekeep/backup/v1/backup_policy.proto",
  "sitekeep/operation/v1/operation.proto",
  "google/rpc/error_details.proto",
  "google/rpc/status.proto",
];
const DEADLINE_MILLISECONDS = 60_000;

const [product] = process.argv.slice(2);
const { SITEKEEP_BACKUP_ADDRESS, SITEKEEP_API_KEY, SITEKEEP_ORGANIZATION, SITEKEEP_PROTO_PATH } =
  process.env;
if (!product || !SITEKEEP_BACKUP_ADDRESS || !SITEKEEP_ORGANIZATION || !SITEKEEP_PROTO_PATH) {
  console.error("usage: node client.js PRODUCT, with the environment that the source names");
  exit(2);
}

const definition = loader.loadSync(CONTRACTS, {
  includeDirs: SITEKEEP_PROTO_PATH.split(delimiter),
  enums: String,
  longs: String,
});
const { sitekeep } = grpc.loadPackageDefinition(definition);

/** Metadata that proves who calls. */
function credentials() {
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${SITEKEEP_API_KEY}`);
  return metadata;
}

/** The answer of a unary method. */
function call(client, method, request, metadata = credentials()) {
  const options = { deadline: Date.now() + DEADLINE_MILLISECONDS };
  return new Promise((resolve, reject) => {
    client[method](request, metadata, options, (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });
}

/** The message inside a google.protobuf.Any. */
function unpack(any) {
  const type = any.type_url.split("/").pop();
  return { type, message: definition[type].deserialize(any.value) };
}

/** What a call that should be refused was told. */
async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return describe(error);
  }
  return { code: "OK" };
}

/** The code of an error and what its details say. */
function describe(error) {
  const described = { code: grpc.status[error.code] };
  const [packed] = error.metadata.get("grpc-status-details-bin");
  const status = definition["google.rpc.Status"].deserialize(packed);
  for (const { type, message } of status.details.map(unpack)) {
    if (type === "google.rpc.ErrorInfo") {
      const { reason, domain, metadata } = message;
      Object.assign(described, { reason, domain, metadata });
    } else if (type === "google.rpc.RetryInfo") {
      described.retrySeconds = Number(message.retryDelay.seconds);
    }
  }
  return described;
}

/** The operation when it is done, and the phases that it went through. */
async function watch(events, name) {
  const phases = [];
  let last;
  for await (last of events.watchOperation({ name }, credentials())) {
    const { phase } = unpack(last.metadata).message;
    if (phase !== phases.at(-1)) {
      console.log(phase);
      phases.push(phase);
    }
  }
  return { done: last, phases };
}

/** A client of one of the services. */
function connect(Service) {
  return new Service(SITEKEEP_BACKUP_ADDRESS, grpc.credentials.createInsecure());
}

const policies = connect(sitekeep.backup.v1.BackupPolicyService);
const backups = connect(sitekeep.backup.v1.BackupService);
const events = connect(sitekeep.operation.v1.OperationEventService);
const parent = `organizations/${SITEKEEP_ORGANIZATION}`;

const policy = await call(policies, "createBackupPolicy", {
  parent,
  backupPolicyId: product,
  backupPolicy: { product: `${parent}/products/${product}` },
});
const request = { parent, backup: { backupPolicy: policy.name } };
const operation = await call(backups, "createBackup", request);
const { done, phases } = await watch(events, operation.name);
const backup = await call(backups, "getBackup", { name: unpack(done.response).message.name });
const tooSoon = await refusal(call(backups, "createBackup", request));
const withoutKey = await refusal(call(backups, "getBackup", { name: backup.name }, new grpc.Metadata()));

console.log(
  JSON.stringify({
    policy: policy.name,
    operation: operation.name,
    phases,
    backup: backup.name,
    state: backup.state,
    refusal: tooSoon,
    withoutKey,
  }),
);
for (const client of [policies, backups, events]) client.close();
