//! The queue's errors as status codes.

use jobs::Error;
use store::StoreError;
use tonic::Status;

/// What the caller is told. What the operator needs to know besides is logged here.
pub(crate) fn refused(error: Error) -> Status {
    let text = error.to_string();
    match error {
        Error::NotFound(_) => Status::not_found(text),
        // Of what can be done over gRPC, only a key that came before with other jobs conflicts.
        Error::Conflict(_) => Status::already_exists(text),
        Error::BadJob(_) => Status::invalid_argument(text),
        Error::Stale => Status::failed_precondition(text),
        Error::Stopping => Status::unavailable(text),
        Error::Store(error) => store_failed(&error),
    }
}

fn store_failed(error: &StoreError) -> Status {
    let text = error.to_string();
    match error {
        StoreError::NotFound { .. } => Status::not_found(text),
        StoreError::Conflict { .. } => Status::already_exists(text),
        StoreError::Stale { .. } => Status::failed_precondition(text),
        StoreError::TooLarge { .. } | StoreError::TooMany { .. } | StoreError::BadText { .. } => {
            Status::invalid_argument(text)
        }
        _ if error.retryable() => {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, "the database can't be used");
            Status::unavailable("the server's database can't be used now")
        }
        _ => {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, "the store failed");
            Status::internal("the server failed while it worked on the request")
        }
    }
}

/// The end of what an access token began that is none any more.
pub(crate) fn revoked() -> Status {
    Status::unauthenticated("the access token was deleted or has expired")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tonic::Code;

    use super::*;

    #[test]
    fn what_the_store_says_in_private_stays_there() {
        let corrupt = StoreError::Corrupt {
            kind: "job",
            name: "canary".into(),
            column: "payload",
        };
        let status = refused(Error::Store(Arc::new(corrupt)));
        assert_eq!(status.code(), Code::Internal);
        assert!(!status.message().contains("canary"), "{status}");
    }

    #[test]
    fn each_error_has_its_code() {
        let code = |error| refused(error).code();
        assert_eq!(code(Error::NotFound("x".into())), Code::NotFound);
        assert_eq!(code(Error::Conflict("x".into())), Code::AlreadyExists);
        assert_eq!(code(Error::BadJob("x".into())), Code::InvalidArgument);
        assert_eq!(code(Error::Stale), Code::FailedPrecondition);
        assert_eq!(code(Error::Stopping), Code::Unavailable);
    }
}
