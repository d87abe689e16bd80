// A client of the Backup service with the code that protoc-gen-es makes of the contracts.
//
// node dist/client.js PRODUCT
//
// Environment:
//   SITEKEEP_BACKUP_ADDRESS  host:port of the Backup service
//   SITEKEEP_API_KEY         the key of an admin of the organization
//   SITEKEEP_ORGANIZATION    the id of the organization
//
// Gives the product a policy, runs a backup while watching it, and is refused a second one.
// Writes a line for each phase, then one line of JSON with everything that it was told.

import { env, argv, exit } from "node:process";
import { anyUnpack, type Any } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import {
  BackupSchema,
  BackupService,
  Backup_State,
  CreateBackupMetadataSchema,
  CreateBackupMetadata_Phase,
} from "./generated/sitekeep/backup/v1/backup_pb.js";
import { BackupPolicyService } from "./generated/sitekeep/backup/v1/backup_policy_pb.js";
import { OperationEventService } from "./generated/sitekeep/operation/v1/operation_pb.js";
import type { Operation } from "./generated/google/longrunning/operations_pb.js";
import { ErrorInfoSchema, RetryInfoSchema } from "./generated/google/rpc/error_details_pb.js";

const DEADLINE_MILLISECONDS = 60_000;

interface Refusal {
  code: string;
  reason?: string;
  domain?: string;
  metadata?: Record<string, string>;
  retrySeconds?: number;
}

const [product] = argv.slice(2);
const { SITEKEEP_BACKUP_ADDRESS, SITEKEEP_API_KEY, SITEKEEP_ORGANIZATION } = env;
if (!product || !SITEKEEP_BACKUP_ADDRESS || !SITEKEEP_ORGANIZATION) {
  console.error("usage: node client.js PRODUCT, with the environment that the source names");
  exit(2);
}

const authenticate: Interceptor = (next) => (request) => {
  request.header.set("authorization", `Bearer ${SITEKEEP_API_KEY}`);
  return next(request);
};

/** Calls the Backup service; the interceptors prove who calls. */
function connect(interceptors: Interceptor[]) {
  return createGrpcTransport({
    baseUrl: `http://${SITEKEEP_BACKUP_ADDRESS}`,
    defaultTimeoutMs: DEADLINE_MILLISECONDS,
    interceptors,
  });
}

/** What a call that should be refused was told. */
async function refusal(promise: Promise<unknown>): Promise<Refusal> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ConnectError) return describe(error);
    throw error;
  }
  return { code: "OK" };
}

/** The code of an error and what its details say. */
function describe(error: ConnectError): Refusal {
  const code = Code[error.code].replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
  const described: Refusal = { code };
  for (const { reason, domain, metadata } of error.findDetails(ErrorInfoSchema)) {
    Object.assign(described, { reason, domain, metadata });
  }
  for (const { retryDelay } of error.findDetails(RetryInfoSchema)) {
    described.retrySeconds = Number(retryDelay?.seconds);
  }
  return described;
}

/** The phase in the metadata of an operation. */
function phaseOf(metadata: Any | undefined): string {
  const unpacked = metadata && anyUnpack(metadata, CreateBackupMetadataSchema);
  if (!unpacked) throw new Error("the operation has no metadata of a backup");
  return CreateBackupMetadata_Phase[unpacked.phase];
}

/** The operation when it is done, and the phases that it went through. */
async function watch(name: string): Promise<{ done: Operation; phases: string[] }> {
  const phases: string[] = [];
  let last: Operation | undefined;
  for await (last of events.watchOperation({ name })) {
    const phase = phaseOf(last.metadata);
    if (phase !== phases.at(-1)) {
      console.log(phase);
      phases.push(phase);
    }
  }
  if (!last) throw new Error("the operation was never sent");
  return { done: last, phases };
}

/** The name of the backup that an operation has made. */
function backupOf(operation: Operation): string {
  const { result } = operation;
  const made = result.case === "response" && anyUnpack(result.value, BackupSchema);
  if (!made) throw new Error(`the operation made no backup: ${result.case}`);
  return made.name;
}

const transport = connect([authenticate]);
const policies = createClient(BackupPolicyService, transport);
const backups = createClient(BackupService, transport);
const events = createClient(OperationEventService, transport);
const strangers = createClient(BackupService, connect([]));
const parent = `organizations/${SITEKEEP_ORGANIZATION}`;

const policy = await policies.createBackupPolicy({
  parent,
  backupPolicyId: product,
  backupPolicy: { product: `${parent}/products/${product}` },
});
const request = { parent, backup: { backupPolicy: policy.name } };
const operation = await backups.createBackup(request);
const { done, phases } = await watch(operation.name);
const backup = await backups.getBackup({ name: backupOf(done) });
const tooSoon = await refusal(backups.createBackup(request));
const withoutKey = await refusal(strangers.getBackup({ name: backup.name }));

console.log(
  JSON.stringify({
    policy: policy.name,
    operation: operation.name,
    phases,
    backup: backup.name,
    state: Backup_State[backup.state],
    refusal: tooSoon,
    withoutKey,
  }),
);
