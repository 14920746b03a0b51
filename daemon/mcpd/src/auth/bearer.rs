//! Where a request carries its token.

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// The token of a request: in `Authorization`, or where Anthropic's clients put it.
///
/// Shape: text of any content and length, without spaces around it. Of headers that come twice the first counts,
/// and `x-api-key` counts only where there is no `Authorization` at all.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let Some(authorization) = headers.get(AUTHORIZATION) else {
        return headers.get("x-api-key")?.to_str().ok().map(str::trim);
    };
    let (scheme, credential) = authorization.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| credential.trim())
}

#[cfg(test)]
mod tests {
    use fuzzing::proptest::prelude::*;
    use http::HeaderValue;
    use shared::access_token::{self, ID_CHARS, SECRET_CHARS};
    use shared::role::Role;

    use super::*;

    fn genuine() -> String {
        access_token::format(
            Role::Admin,
            &"i".repeat(ID_CHARS),
            &"s".repeat(SECRET_CHARS),
        )
    }

    fn values() -> impl Strategy<Value = Vec<HeaderValue>> {
        let token = genuine();
        let written = [
            format!("Bearer {token}"),
            format!("bEARER \t {token}  "),
            format!("Bearer {token} {token}"),
            format!("Bearer  Bearer {token}"),
            format!("Bearer\t{token}"),
            format!("Basic {token}"),
            token,
        ];
        let value = prop_oneof![3 => fuzzing::garbled(&written, 2), 1 => fuzzing::bytes(200)];
        let value =
            value.prop_filter_map("not a header", |bytes| HeaderValue::from_bytes(&bytes).ok());
        prop::collection::vec(value, 0..3)
    }

    fuzzing::targets! {
        fn only_a_whole_token_in_its_place_is_found(authorization in values(), key in values()) {
            let mut headers = HeaderMap::new();
            for value in &authorization {
                headers.append(AUTHORIZATION, value.clone());
            }
            for value in &key {
                headers.append("x-api-key", value.clone());
            }
            let found = bearer(&headers);
            let Some(text) = found else {
                return Ok(());
            };
            prop_assert_eq!(text, text.trim());
            let whole = match authorization.first() {
                Some(value) => {
                    let (scheme, rest) = value.as_bytes().split_at(6);
                    prop_assert!(scheme.eq_ignore_ascii_case(b"bearer") && rest.starts_with(b" "));
                    rest
                }
                None => key[0].as_bytes(),
            };
            prop_assert_eq!(text.as_bytes(), whole.trim_ascii());
            match access_token::parse(text) {
                Ok(_) => prop_assert!(text.is_ascii() && text.len() == genuine().len()),
                Err(why) => prop_assert!(!why.to_string().contains("ssss")),
            }
        }
    }

    #[test]
    fn a_token_is_found_in_either_header_and_in_one_scheme() {
        let found = |name: &'static str, value: &str| {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
            bearer(&headers).map(String::from)
        };
        assert_eq!(found("authorization", "bearer  t ").as_deref(), Some("t"));
        assert_eq!(found("x-api-key", " t").as_deref(), Some("t"));
        assert_eq!(found("authorization", "Basic t"), None);
        assert_eq!(found("authorization", "t"), None);
    }
}
