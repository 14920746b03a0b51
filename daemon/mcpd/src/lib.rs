//! mcpd.
