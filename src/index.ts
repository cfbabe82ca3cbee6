import './require-node.ts';
export type { Backend, BackendCall, BackendPolicy, Transport } from './backend/backend.ts';
export { type FakeBackend, fakeBackend } from './backend/fake-backend.ts';
export { defineGraphqlBackend, graphqlExecutor } from './backend/graphql-backend.ts';
export { defineGrpcBackend } from './backend/grpc-backend.ts';
export { type Repeated, repeated } from './backend/repeated.ts';
export { defineRestBackend } from './backend/rest-backend.ts';
export { env } from './backend/setting.ts';
export { dateToTimestamp, type Timestamp, timestampToDate } from './backend/timestamp.ts';
export { type BffBuilder, type BffFields, createBffBuilder } from './bff/bff-builder.ts';
export { type ComposedBff, composeBff } from './bff/compose-bff.ts';
export {
  type Bff,
  type BffOptions,
  type ClientRule,
  defineBff,
  type Tailor,
} from './bff/define-bff.ts';
export { BackendError, type ErrorCode, errorCodes, isBackendError } from './error.ts';
export { defineQueueBackend, type QueueBackendOptions } from './events/queue-backend.ts';
export { defineTopic, type Topic, type TopicOptions } from './events/define-topic.ts';
export {
  defineWebhookSource,
  type ReceivedWebhook,
  type WebhookSource,
  type WebhookSourceOptions,
} from './events/webhooks/define-webhook-source.ts';
export { githubWebhooks } from './events/webhooks/signatures/github.ts';
export { type HmacOptions, hmacWebhooks } from './events/webhooks/signatures/hmac.ts';
export type { WebhookVerification } from './events/webhooks/signatures/signature.ts';
export { slackWebhooks } from './events/webhooks/signatures/slack.ts';
export { standardWebhooks } from './events/webhooks/signatures/standard-webhooks.ts';
export { stripeWebhooks } from './events/webhooks/signatures/stripe.ts';
export {
  followLocation,
  followOperation,
  type LongRunningOperation,
  type OperationState,
} from './events/jobs/backend-operations.ts';
export {
  defineJob,
  type EnqueueOptions,
  type Job,
  type JobDefinition,
  type JobOptions,
  type RunningJob,
} from './events/jobs/define-job.ts';
export type { Batch, BatchCache, BatchOptions } from './load/batch.ts';
export { invalidate } from './load/caches.ts';
export { defineBatch } from './load/define-batch.ts';
export { type RequestContext, requireViewer, type Viewer } from './request.ts';
export { createSubschemaBuilder } from './subschema/builder.ts';
export { connectionOf, pageSize, pageStart } from './subschema/connection.ts';
export { defineSubschema, type Subschema } from './subschema/define-subschema.ts';
export { jobObject } from './subschema/job-object.ts';
export type { MergeOptions } from './subschema/merge-keys.ts';
export type { AuthDefinition } from './server/auth/auth.ts';
export { type BearerOptions, bearerAuth } from './server/auth/bearer.ts';
export { type SessionOptions, sessionAuth } from './server/auth/session.ts';
export { type CreateServerOptions, createServer } from './server/bff-server.ts';
export { serveBff } from './server/serve-bff.ts';
export type { RunningServer } from './server/server-options.ts';
export type { Limits } from './limits.ts';
