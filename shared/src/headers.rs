//! Names of the HTTP headers that are ours.

/// The publisher's session id, on every call of the control channel.
pub const PROVIDER_SESSION: &str = "x-mcpctl-provider-session";
/// The epoch of the channel that handed out the task.
pub const EPOCH: &str = "x-mcpctl-epoch";
/// The HTTP status that the provider answered with.
pub const UPSTREAM_STATUS: &str = "x-mcpctl-upstream-status";
/// The provider's own `Retry-After`, where it sent one.
pub const UPSTREAM_RETRY_AFTER: &str = "x-mcpctl-upstream-retry-after";
/// The word of the marks that an upload says in silence ([`crate::keepalive`]).
pub const KEEPALIVE: &str = "x-mcpctl-keepalive";
/// The id that ties an answer to the server's log.
pub const REQUEST_ID: &str = "x-request-id";
/// The LLM that served a request.
pub const LLM: &str = "x-mcpctl-llm";
/// The parameters of a request that the provider's dialect can't carry.
pub const DROPPED_PARAMS: &str = "x-mcpctl-dropped-params";
/// How many LLMs (or times the same) were tried for a request.
pub const ATTEMPTS: &str = "x-mcpctl-attempts";
/// `hit` where an answer came from the alias's cache, `miss` where it may be kept there now. A
/// caller asks for the cache with `use` and keeps it out with `bypass`.
pub const CACHE: &str = "x-mcpctl-cache";
