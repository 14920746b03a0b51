//! mcplocal.
