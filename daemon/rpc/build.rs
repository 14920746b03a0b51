//! Makes the messages, the service and their description from the `.proto` file.

use std::error::Error;
use std::path::PathBuf;

use prost::Message;

const PROTO: &str = "proto/llmmcp/v1/core.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={PROTO}");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    // With its comments: `grpcurl describe` shows them.
    let described = protox::compile([PROTO], ["proto"])?;
    std::fs::write(out.join("llmmcp.bin"), described.encode_to_vec())?;
    // Maps in order, so that the same message is always the same bytes: idempotency keys rest on it.
    // The client knows no transport: tests bring one.
    tonic_prost_build::configure()
        .btree_map(".")
        .build_transport(false)
        .compile_fds(described)?;
    Ok(())
}
