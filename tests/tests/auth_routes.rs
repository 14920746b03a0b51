//! Who may call what, written down by hand: the router's table is compared with this list, each route is called as each
//! role, and no other spelling of a path or a method gets further than the plain one.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use mcpd::auth::Access;
use mcpd::routes::{HangUp, Route, table};
use shared::role::Role;
use std::collections::BTreeSet;
use std::time::Duration;
use system_tests::cluster::{Ask, Mcpd, Raw};
use tokio::task::JoinSet;

/// Every route: who may call it, its method, its path. Roles cover what stands in `docs/SECURITY.md`: an admin
/// everything, a user nothing of publishers and workers.
const ROUTES: &str = "
    open      GET    /healthz
    open      GET    /readyz
    open      GET    /api/openapi.json
    user      GET    /metrics
    any       GET    /api/v1/whoami
    any       GET    /api/v1/llms
    admin     POST   /api/v1/llms
    any       GET    /api/v1/llms/{name}
    admin     PUT    /api/v1/llms/{name}
    admin     PATCH  /api/v1/llms/{name}
    any       DELETE /api/v1/llms/{name}
    any       GET    /api/v1/aliases
    admin     POST   /api/v1/aliases
    any       GET    /api/v1/aliases/{name}
    admin     PUT    /api/v1/aliases/{name}
    admin     DELETE /api/v1/aliases/{name}
    any       GET    /api/v1/prices
    admin     POST   /api/v1/prices
    any       GET    /api/v1/prices/{name}
    admin     PUT    /api/v1/prices/{name}
    admin     DELETE /api/v1/prices/{name}
    user      GET    /v1/models
    user      GET    /v1/models/{*id}
    user      GET    /v1/costs/summary
    user      GET    /api/v1/usage
    user      GET    /api/v1/requests
    user      GET    /api/v1/load
    user      POST   /api/v1/route/explain
    user      POST   /v1/jobs
    user      GET    /v1/jobs
    user      POST   /v1/jobs/lookup
    user      GET    /v1/jobs/summary
    user      GET    /v1/jobs/{id}
    user      DELETE /v1/jobs/{id}
    user      GET    /v1/jobs/{id}/stream
    user      GET    /v1/jobs/{id}/response
    user      POST   /v1/jobs/{id}/cancel
    user      POST   /v1/jobs/{id}/retry
    user      GET    /v1/workers
    worker    POST   /v1/workers/register
    worker    POST   /v1/workers/claim
    worker    POST   /v1/workers/heartbeat
    worker    POST   /v1/workers/complete
    worker    POST   /v1/workers/fail
    admin     GET    /api/v1/secrets
    admin     POST   /api/v1/secrets
    admin     GET    /api/v1/secrets/{name}
    admin     PUT    /api/v1/secrets/{name}
    admin     DELETE /api/v1/secrets/{name}
    any       GET    /api/v1/tokens
    any       POST   /api/v1/tokens
    any       GET    /api/v1/tokens/{name}
    any       DELETE /api/v1/tokens/{name}
    admin     PUT    /api/v1/tokens/{name}/limits
    user      POST   /v1/chat/completions
    user      POST   /v1/completions
    user      POST   /v1/embeddings
    user      POST   /v1/responses
    user      POST   /v1/messages
    user      POST   /api/v1/llms/{name}/infer
    user      POST   /api/v1/llms/{name}/infer/{*path}
    publisher POST   /api/v1/llms/_provider-register
    publisher GET    /api/v1/llms/_provider-stream
    publisher POST   /api/v1/llms/_provider-heartbeat
    publisher GET    /api/v1/llms/_provider-task/{id}
    publisher POST   /api/v1/llms/_provider-task/{id}/stream
    publisher POST   /api/v1/llms/_provider-task/{id}/result
";

const SOON: Duration = Duration::from_secs(15);

/// The list's rows, with one space between.
fn written() -> BTreeSet<String> {
    let rows = ROUTES.lines().filter(|line| !line.trim().is_empty());
    rows.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

fn who(access: Access) -> String {
    match access {
        Access::Open => "open".into(),
        Access::Any => "any".into(),
        Access::Role(role) => role.to_string(),
    }
}

/// A path that names nothing that exists.
fn concrete(route: &Route) -> String {
    let path = route.path.replace("{name}", "nothing");
    let path = path.replace("{*path}", "chat/completions");
    path.replace("{*id}", "nothing").replace("{id}", "1-1")
}

#[test]
fn the_router_holds_the_list_and_no_other_route() {
    let routed: BTreeSet<String> = table()
        .iter()
        .map(|route| format!("{} {} {}", who(route.access), route.method, route.path))
        .collect();
    let written = written();
    let missing: Vec<_> = routed.difference(&written).collect();
    let gone: Vec<_> = written.difference(&routed).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "not in the list: {missing:#?}; in the list only: {gone:#?}"
    );
    assert_eq!(table().len(), written.len(), "a route stands there twice");
}

/// A server, and a token of each role.
async fn scene() -> (Mcpd, Vec<(Role, String)>) {
    let mcpd = Mcpd::start(&[]).await;
    let mut tokens = Vec::new();
    for role in Role::ALL {
        let name = format!("only-{role}");
        tokens.push((role, mcpd.token(&name, &name, &[role.as_str()]).await));
    }
    (mcpd, tokens)
}

#[tokio::test]
async fn each_route_is_for_whom_the_list_says() {
    let (mcpd, tokens) = scene().await;
    for row in written() {
        let [who, method, path] = row.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{row}");
        };
        let route = Route::new(method.parse().unwrap(), "", Access::Any, HangUp::Drops);
        let place = concrete(&Route {
            path: path.to_owned().leak(),
            ..route
        });
        let ask = Ask::new(method, &place).body(b"{}".to_vec());
        let nobody = ask.send(mcpd.addr).await.status;
        assert_eq!(nobody, if who == "open" { 200 } else { 401 }, "{row}");
        for (role, token) in &tokens {
            let status = ask.clone().token(token).send(mcpd.addr).await.status;
            let may = ["open", "any", role.as_str()].contains(&who) || *role == Role::Admin;
            assert_eq!(status == 403, !may, "{row} as {role}: {status}");
            assert!(status != 401 && status < 500, "{row} as {role}: {status}");
        }
    }
    mcpd.at_rest().await;
}

/// Other spellings of a path. Behind each: whether it is the same path by its own rules.
fn spellings(path: &str) -> Vec<String> {
    let (first, rest) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
    let below = |first: &str| match rest {
        "" => format!("/{first}"),
        rest => format!("/{first}/{rest}"),
    };
    let (parent, last) = path.rsplit_once('/').unwrap();
    let hex = |byte: u8| format!("%{byte:02x}");
    let (head, tail) = last.split_at(1);
    vec![
        format!("/{path}"),
        path.replace('/', "//"),
        format!("/.{path}"),
        format!("/x/..{path}"),
        format!("/%2e%2e{path}"),
        format!("{parent}/./{last}"),
        format!("{parent}/x/../{last}"),
        format!("{parent}/%2e/{last}"),
        format!("{parent}%2f{last}"),
        format!("{parent}\\{last}"),
        format!("{parent}/{}{tail}", hex(head.as_bytes()[0])),
        format!("{parent}/{}{tail}", hex(head.as_bytes()[0]).to_uppercase()),
        below(&first.replacen(&first[..1], &hex(first.as_bytes()[0]), 1)),
        path.to_uppercase(),
        path.replace("_provider", "%5fprovider"),
        path.replace("_provider", "_Provider"),
        format!("{path}/"),
        format!("{path}//"),
        format!("{path};x"),
        format!("{path};x=/healthz"),
        format!("{path}%00"),
        format!("{path}%20"),
        format!("{path}/."),
        format!("{path}/.."),
        format!("{path}?"),
        format!("{path}?x=/healthz"),
        format!("{path}#x"),
        format!("/healthz/..{path}"),
        format!("/healthz/..;{path}"),
        format!("/healthz%2f..{path}"),
    ]
}

/// One request over a connection of its own. The status, 0 where the connection was closed without any.
async fn status(mcpd: &Mcpd, method: &str, target: &str, headers: &str) -> u16 {
    let request = format!(
        "{method} {target} HTTP/1.1\r\n{headers}connection: close\r\ncontent-length: 2\r\n\r\n{{}}"
    );
    let mut caller = Raw::say(mcpd.addr, request).await;
    // A watch or a channel lasts: its head is enough.
    let _ = caller.hears("\r\n\r\n", SOON).await;
    caller.statuses().first().copied().unwrap_or(0)
}

/// Whether the role may do this at the route's path. HEAD is the GET of the same path.
fn may(role: Role, method: &str, route: &Route) -> bool {
    let asked = if method == "HEAD" { "GET" } else { method };
    let known = table().into_iter();
    let mut same = known.filter(|known| known.path == route.path && known.method == asked);
    same.next().is_some_and(|known| match known.access {
        Access::Role(needed) => role.covers(needed),
        _ => true,
    })
}

#[tokio::test]
async fn no_spelling_of_a_path_gets_further_than_the_plain_one() {
    let (mcpd, tokens) = scene().await;
    let mcpd = std::sync::Arc::new(mcpd);
    let mut calls = JoinSet::new();
    for route in table() {
        if route.access == Access::Open {
            continue;
        }
        let tokens = tokens.clone();
        let mcpd = mcpd.clone();
        calls.spawn(async move {
            let path = concrete(&route);
            let methods = [route.method.as_str(), "HEAD", "OPTIONS", "TRACE", "FOO"];
            let lower = route.method.as_str().to_lowercase();
            let plain = std::iter::once(path.clone());
            for spelling in spellings(&path).into_iter().chain(plain) {
                let is_plain = spelling == path;
                for method in methods.into_iter().chain([lower.as_str()]) {
                    if !is_plain && method != methods[0] {
                        continue;
                    }
                    let what = format!("{method} {spelling}");
                    let nobody = status(&mcpd, method, &spelling, "host: x\r\n").await;
                    assert!(matches!(nobody, 400 | 401 | 404 | 405), "{what}: {nobody}");
                    for (role, token) in &tokens {
                        let headers = format!("host: x\r\nauthorization: Bearer {token}\r\n");
                        let got = status(&mcpd, method, &spelling, &headers).await;
                        let may = may(*role, method, &route);
                        let refused = matches!(got, 400 | 403 | 404 | 405);
                        // A name of its own may be meant: then it is one that is not there.
                        assert!(may || refused, "{what} as {role}: {got}");
                        assert!(got != 401 && got < 500, "{what} as {role}: {got}");
                    }
                }
            }
        });
    }
    while let Some(called) = calls.join_next().await {
        called.unwrap();
    }
    mcpd.at_rest().await;
}

#[tokio::test]
async fn no_host_changes_what_is_decided() {
    let (mcpd, tokens) = scene().await;
    let own = format!("http://{}", mcpd.addr);
    let hosts = [
        "",
        "host: localhost\r\n",
        "host: mcpd.internal\r\n",
        "host: x\r\nhost: y\r\n",
        "host: 127.0.0.1, x\r\n",
        "host: \r\n",
        "host: x\r\nx-forwarded-host: localhost\r\nx-original-url: /healthz\r\nx-rewrite-url: /healthz\r\n",
        "host: x\r\nforwarded: for=127.0.0.1;host=localhost\r\nx-real-ip: 127.0.0.1\r\n",
        "host: x\r\norigin: http://evil.example\r\nreferer: http://evil.example\r\n",
    ];
    let mut routes = table();
    // One of each kind of decision; all of them would tell nothing more.
    routes.retain(|route| {
        let kinds = ["/api/v1/whoami", "/api/v1/secrets", "/v1/messages"];
        kinds.contains(&route.path) || route.path.ends_with("-register")
    });
    assert!(routes.len() >= 5, "{routes:?}");
    for route in routes {
        let (path, method) = (concrete(&route), route.method.as_str());
        for (role, token) in &tokens {
            let token = format!("authorization: Bearer {token}\r\n");
            let plain = status(&mcpd, method, &path, &format!("host: x\r\n{token}")).await;
            for origin in [
                "",
                &own,
                "http://elsewhere.example",
                "https://user@localhost",
            ] {
                for host in hosts {
                    let target = format!("{origin}{path}");
                    let what = format!("{method} {target} {host:?} as {role}");
                    let got = status(&mcpd, method, &target, &format!("{host}{token}")).await;
                    assert!(got == plain || got == 400, "{what}: {got}, plain {plain}");
                    let nobody = status(&mcpd, method, &target, host).await;
                    assert!(matches!(nobody, 400 | 401), "{what}: {nobody}");
                }
            }
        }
    }
    mcpd.at_rest().await;
}
