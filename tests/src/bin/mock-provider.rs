//! `mock-provider`: the mock model provider of the tests as a program, for clients that are no Rust. See `mock`.

use clap::Parser;
use std::net::SocketAddr;
use std::process::ExitCode;
use system_tests::mock::{self, Settings};
use tokio::net::TcpListener;

/// Serves a model provider with an OpenAI face that does what each request tells it
#[derive(Debug, Parser)]
struct Options {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Answer 401 to requests without this API key
    #[arg(long, value_name = "KEY")]
    api_key: Option<String>,
    /// Ids that `GET /v1/models` lists
    #[arg(long, value_delimiter = ',', value_name = "ID,…")]
    models: Vec<String>,
    /// Requests that `GET /mock/requests` shows
    #[arg(long, value_name = "N", default_value_t = 64)]
    record: usize,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime.and_then(|runtime| runtime.block_on(serve(options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Serves until the process ends.
async fn serve(options: Options) -> std::io::Result<()> {
    let listener = TcpListener::bind(options.listen).await?;
    say(&format!("listening on {}", listener.local_addr()?));
    let settings = Settings {
        record: options.record,
        api_key: options.api_key,
        models: options.models,
        ..Settings::default()
    };
    mock::serve(listener, settings).await;
    Ok(())
}

#[expect(clippy::print_stderr, reason = "the address, for whoever started it")]
fn say(text: &str) {
    eprintln!("{text}");
}
