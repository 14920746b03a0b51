//! Which service a call is for, and whether its caller may: decided by the path and the headers,
//! before a byte of the message is read.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use shared::role::Role;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tower_service::Service;

use crate::callers::Callers;

/// The path before a method of ours.
const CORE: &str = "/llmmcp.v1.Core/";
/// The path before a method of reflection.
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/";
/// The same by its older name, which grpcurl and others still use.
const REFLECTION_ALPHA: &str = "/grpc.reflection.v1alpha.ServerReflection/";
/// What each method takes, as its HTTP route does.
const ROLES: [(&str, Role); 10] = [
    ("SubmitJob", Role::User),
    ("GetJob", Role::User),
    ("StreamJob", Role::User),
    ("RegisterWorker", Role::Worker),
    ("ClaimJob", Role::Worker),
    ("Heartbeat", Role::Worker),
    ("CompleteJob", Role::Worker),
    ("FailJob", Role::Worker),
    ("ReportMetrics", Role::Worker),
    ("ReportBenchmark", Role::Worker),
];

/// All services behind one port. The three are generated, and alike but for their types.
#[derive(Clone)]
pub(crate) struct Edge<C, R, A> {
    pub(crate) core: C,
    pub(crate) reflection: R,
    pub(crate) reflection_alpha: A,
    pub(crate) callers: Arc<dyn Callers>,
}

type Answer = BoxFuture<Response<Body>, Infallible>;

impl<C, R, A> Service<Request<Body>> for Edge<C, R, A>
where
    C: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future = Answer>,
    R: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future = Answer>,
    A: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future = Answer>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Generated services always are.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Answer {
        let path = request.uri().path();
        if let Some(method) = path.strip_prefix(CORE) {
            let Some(role) = role(method) else {
                // It knows no such method, and says so.
                return self.core.call(request);
            };
            return match self.callers.authorize(request.headers(), role) {
                Ok(caller) => {
                    request.extensions_mut().insert(caller);
                    self.core.call(request)
                }
                Err(denied) => refuse(denied.into()),
            };
        }
        // Descriptions of messages, which stand in the manual too: they need no token.
        if path.starts_with(REFLECTION) {
            return self.reflection.call(request);
        }
        if path.starts_with(REFLECTION_ALPHA) {
            return self.reflection_alpha.call(request);
        }
        refuse(Status::unimplemented(
            "there is no such service here: use llmmcp.v1.Core",
        ))
    }
}

fn role(method: &str) -> Option<Role> {
    let found = ROLES.iter().find(|(name, _)| *name == method);
    found.map(|(_, role)| *role)
}

fn refuse(status: Status) -> Answer {
    Box::pin(std::future::ready(Ok(status.into_http())))
}

#[cfg(test)]
mod tests {
    use prost_reflect::DescriptorPool;

    use super::*;

    #[test]
    fn every_method_of_the_service_says_who_may_call_it() {
        let pool = DescriptorPool::decode(crate::proto::DESCRIPTION).unwrap();
        let service = pool.get_service_by_name("llmmcp.v1.Core").unwrap();
        let methods: Vec<_> = service.methods().map(|m| m.name().to_owned()).collect();
        assert_eq!(methods, ROLES.map(|(name, _)| name));
    }
}
