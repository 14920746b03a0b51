//! mcplocal's control socket is its owner's alone.

use rustix::process::{Uid, geteuid};
use rustix::thread::set_thread_res_uid;
use serde_json::json;
use shared::local_control::SOCKET;
use std::fs::{Permissions, set_permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;
use system_tests::cluster::{Mcplocal, left_out, until};

/// Whom most systems call `nobody`.
const SOMEBODY_ELSE: u32 = 65534;
/// Longest an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest until a program that was just started can be asked.
const STARTED: Duration = Duration::from_secs(20);

/// What the user `uid` is answered when they ask for the status.
fn asked_as(uid: u32, socket: PathBuf) -> io::Result<String> {
    // Of this thread alone; who connects is asked of the kernel then.
    let ask = move || {
        let uid = Uid::from_raw(uid);
        set_thread_res_uid(uid, uid, uid)?;
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        // One who is turned away may find the socket closed already.
        let _ = stream.write_all(b"{\"do\":\"status\"}\n");
        let mut answer = [0; 4096];
        let read = stream.read(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer[..read]).into_owned())
    };
    std::thread::spawn(ask).join().expect("it does not panic")
}

#[tokio::test]
async fn nobody_else_controls_a_publisher() {
    if !geteuid().is_root() {
        left_out(
            "another user at the control socket",
            "only root can be somebody else",
        );
        return;
    }
    let local = Mcplocal::start("http://127.0.0.1:1", "mcp_none", &json!([]));
    let socket = local.home().join(SOCKET);
    until("the control socket", STARTED, async || {
        local.status().await.map_err(|error| error.to_string())
    })
    .await;
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(asked_as(0, socket.clone()).unwrap().contains("\"pid\""));

    // The folder keeps them out,
    let refused = asked_as(SOMEBODY_ELSE, socket.clone()).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
    // and so does the socket,
    set_permissions(local.home(), Permissions::from_mode(0o755)).unwrap();
    let refused = asked_as(SOMEBODY_ELSE, socket.clone()).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
    // and where both are opened by mistake, the program itself.
    set_permissions(&socket, Permissions::from_mode(0o666)).unwrap();
    match asked_as(SOMEBODY_ELSE, socket.clone()) {
        Ok(answer) => assert_eq!(answer, ""),
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
    }
    assert!(asked_as(0, socket).unwrap().contains("\"pid\""));
}
