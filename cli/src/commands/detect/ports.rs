//! Where model servers usually listen.

use home::ServerUrl;

use crate::failure::{Failure, Result};
use crate::session::{parse_server, variable};

/// Ollama's own variable: where it listens, and where its clients look for it.
const OLLAMA_HOST: &str = "OLLAMA_HOST";
/// Ports to look at in place of the usual ones, separated by commas.
const PORTS_VARIABLE: &str = "MCPCTL_INIT_PORTS";
const OLLAMA_PORT: u16 = 11434;

/// Where each program listens when nobody says otherwise.
const USUAL: [u16; 8] = [
    OLLAMA_PORT, // Ollama
    8000,        // vLLM
    8080,        // llama.cpp
    1234,        // LM Studio
    8081,        // a second llama.cpp
    5000,        // text-generation-webui
    4891,        // GPT4All
    1337,        // Jan
];

/// Every address to look at on this machine.
pub(in crate::commands) fn usual() -> Result<Vec<ServerUrl>> {
    let mut ports = match std::env::var(PORTS_VARIABLE) {
        Ok(named) => read_ports(&named)?,
        Err(_) => USUAL.to_vec(),
    };
    let mut bases = Vec::new();
    if let Some(host) = variable(OLLAMA_HOST) {
        bases.push(parse_server(&ollama_url(&host), OLLAMA_HOST)?);
        ports.retain(|port| *port != OLLAMA_PORT);
    }
    for port in ports {
        let base = parse_server(&format!("http://127.0.0.1:{port}"), PORTS_VARIABLE)?;
        if !bases.contains(&base) {
            bases.push(base);
        }
    }
    Ok(bases)
}

fn read_ports(named: &str) -> Result<Vec<u16>> {
    let words = named
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    let ports: Result<Vec<u16>, _> = words.map(str::parse).collect();
    ports.map_err(|_| {
        Failure::usage(format!("{PORTS_VARIABLE} names no ports"))
            .cause(format!("it is `{named}`"))
            .hint("write numbers, separated by commas: 11434,8000")
    })
}

/// Ollama's variable as a URL. A server that listens on every address is asked on this machine's own.
///
/// Source: Ollama, `envconfig.Host`: the port is 11434, or that of a scheme that is named.
fn ollama_url(host: &str) -> String {
    let host = host.trim().trim_matches(['"', '\'']);
    let (scheme, rest) = host.split_once("://").unwrap_or(("", host));
    let rest = rest.split('/').next().unwrap_or(rest);
    let (name, port) = match rest.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => (name, Some(port)),
        _ => (rest, None),
    };
    let name = match name {
        "" | "0.0.0.0" | "[::]" => "127.0.0.1",
        name => name,
    };
    match (scheme, port) {
        ("", port) => format!("http://{name}:{}", port.unwrap_or("11434")),
        (scheme, Some(port)) => format!("{scheme}://{name}:{port}"),
        (scheme, None) => format!("{scheme}://{name}"),
    }
}

/// The address of a provider that its owner names, without the `/v1` behind it.
pub(in crate::commands) fn base_of(url: &str) -> Result<ServerUrl> {
    let url = parse_server(url, "--provider")?;
    let text = url.as_str();
    let bare = text.strip_suffix("/v1").or(text.strip_suffix("/api"));
    bare.map_or(Ok(url.clone()), |bare| parse_server(bare, "--provider"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ollamas_own_variable_is_read_as_ollama_reads_it() {
        for (host, url) in [
            ("0.0.0.0", "http://127.0.0.1:11434"),
            ("0.0.0.0:9000", "http://127.0.0.1:9000"),
            (":9000", "http://127.0.0.1:9000"),
            ("\"gpu-box\"", "http://gpu-box:11434"),
            ("http://gpu-box", "http://gpu-box"),
            ("https://gpu-box:9/", "https://gpu-box:9"),
            ("[::1]:9", "http://[::1]:9"),
        ] {
            assert_eq!(ollama_url(host), url, "{host}");
        }
    }

    #[test]
    fn ports_are_numbers_between_commas() {
        assert_eq!(read_ports(" 1, 2,").unwrap(), [1, 2]);
        assert_eq!(read_ports("").unwrap(), [0_u16; 0]);
        assert!(read_ports("http").is_err() && read_ports("70000").is_err());
    }

    #[test]
    fn a_provider_may_be_named_with_its_api_path() {
        let base = |url: &str| base_of(url).unwrap().to_string();
        assert_eq!(base("http://box:8000/v1/"), "http://box:8000");
        assert_eq!(base("http://box:11434/api"), "http://box:11434");
        assert_eq!(base("http://box/llm/v1"), "http://box/llm");
        assert!(base_of("box:8000").is_err());
    }
}
