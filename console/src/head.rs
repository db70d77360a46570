//! Headers on every answer of the console: nothing from elsewhere, nothing inline, nothing framed, nothing kept.
//!
//! Never here: an exception for one page.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderName, HeaderValue, Method, header};

use crate::{route, visit::Console};

/// What a page may load: our own style, script, marks and data, and nothing else. Text becomes markup in one named
/// place of `console.js` only.
pub const CSP: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
                       form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
                       require-trusted-types-for 'script'; trusted-types writ-rows";
/// What a page may ask of the browser: passkeys of this origin, and nothing else.
pub const PERMISSIONS: &str = "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), \
                               microphone=(), geolocation=(), payment=(), usb=(), serial=(), hid=()";

pub(crate) async fn dress(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in
        [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "same-origin")]
    {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// A page asked for under another loopback name (`127.0.0.1`) is answered under the configured one: browsers keep no
/// passkey for an address without a name, and a session of one name is not seen under the other.
pub(crate) async fn home(State(console): State<Console>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let asset = request.uri().path().starts_with(&route::asset(""));
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let elsewhere = host.is_some_and(|host| {
        let ours = console.desk.host_is_ours(request.headers(), request.uri());
        ours && !same_host(console.desk.origin(), host)
    });
    if reads && !asset && elsewhere {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        return Redirect::temporary(&format!("{}{path}", console.desk.origin())).into_response();
    }
    next.run(request).await
}

/// Whether a `Host` is the one of an origin.
fn same_host(origin: &str, host: &str) -> bool {
    let (scheme, named) = origin.split_once("://").unwrap_or(("", origin));
    let port = if scheme == "https" { ":443" } else { ":80" };
    let bare = |text: &str| text.strip_suffix(port).unwrap_or(text).to_ascii_lowercase();
    bare(named) == bare(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_the_origins_own_or_another() {
        assert!(same_host("http://localhost:7420", "LOCALHOST:7420"));
        assert!(!same_host("http://localhost:7420", "127.0.0.1:7420"));
        assert!(!same_host("http://localhost:7420", "localhost"));
        assert!(same_host("https://desk.example", "desk.example:443"));
    }
}
