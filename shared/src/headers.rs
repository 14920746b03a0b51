//! Names of the HTTP headers that are ours.

/// The publisher's session id, on every call of the control channel.
pub const PROVIDER_SESSION: &str = "x-mcpctl-provider-session";
/// The epoch of the channel that handed out the task.
pub const EPOCH: &str = "x-mcpctl-epoch";
/// The HTTP status that the provider answered with.
pub const UPSTREAM_STATUS: &str = "x-mcpctl-upstream-status";
/// The provider's own `Retry-After`, where it sent one.
pub const UPSTREAM_RETRY_AFTER: &str = "x-mcpctl-upstream-retry-after";
/// The id that ties an answer to the server's log.
pub const REQUEST_ID: &str = "x-request-id";
/// The LLM that served a request.
pub const LLM: &str = "x-mcpctl-llm";
/// The parameters of a request that the provider's dialect can't carry.
pub const DROPPED_PARAMS: &str = "x-mcpctl-dropped-params";
