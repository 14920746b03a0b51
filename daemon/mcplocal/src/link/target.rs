//! Which server, and with which credential: looked up anew for every registration.

use std::sync::Arc;

use home::{Home, ServerUrl, credentials};

use super::machine::Failure;
use super::mcpd::Mcpd;
use crate::config::Config;

/// Finds the server of `config` and the credential for it.
///
/// Errors: [`Failure::Refused`] with what to do, where either is missing.
pub(super) async fn find(
    config: &Arc<Config>,
    home: &Home,
    client: &upstream::Client,
) -> Result<Mcpd, Failure> {
    let Some(server) = config.server.clone() else {
        return Err(Failure::Refused(
            "no server is configured: run `mcpctl login URL`, or set `server` in the config file"
                .into(),
        ));
    };
    let token = look_up(home.clone(), server.clone()).await?;
    Mcpd::new(client.clone(), server.as_str(), &token).map_err(Failure::Refused)
}

/// Off the async thread: a keyring may take its time.
async fn look_up(home: Home, server: ServerUrl) -> Result<secrecy::SecretString, Failure> {
    let asked = server.clone();
    let found = tokio::task::spawn_blocking(move || credentials::lookup(&home, &asked));
    match found.await {
        Ok(Ok(Some((token, _)))) => Ok(token),
        Ok(Ok(None)) => Err(Failure::Refused(format!(
            "there is no credential for {server}: run `mcpctl login {server}`, or set MCPCTL_TOKEN"
        ))),
        Ok(Err(failed)) => Err(Failure::Refused(format!(
            "the credential for {server} can't be read: {failed}"
        ))),
        Err(_) => Err(Failure::Refused("looking for the credential failed".into())),
    }
}
