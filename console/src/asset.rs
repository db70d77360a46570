//! Style, script and mark: compiled in, served under names that hold their digest, so that they may be kept for good.
//!
//! Never here: anything that changes from page to page. To add one: a line in [`ALL`].

use std::sync::LazyLock;

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use writ_model::Digest;

use crate::route;

/// One served file.
#[derive(Debug)]
pub struct Asset {
    /// Its name, with the first 16 hex digits of its SHA-256.
    pub name: String,
    kind: &'static str,
    body: &'static str,
}

impl Asset {
    fn new(stem: &str, ending: &str, kind: &'static str, body: &'static str) -> Self {
        let digest = Digest::of(body.as_bytes()).to_string();
        let short: String = digest.chars().filter(char::is_ascii_hexdigit).take(16).collect();
        Self { name: format!("{stem}.{short}.{ending}"), kind, body }
    }

    /// Its text.
    #[must_use]
    pub fn body(&self) -> &'static str {
        self.body
    }

    /// Its address.
    #[must_use]
    pub fn href(&self) -> String {
        route::asset(&self.name)
    }
}

/// The style sheet.
pub static CSS: LazyLock<Asset> = LazyLock::new(|| {
    let body = concat!(include_str!("asset/console.css"), include_str!("asset/people.css"));
    Asset::new("console", "css", "text/css; charset=utf-8", body)
});
/// The script.
pub static JS: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("console", "js", "text/javascript; charset=utf-8", include_str!("asset/console.js"))
});
/// What asks the browser for a passkey; only pages that need one load it.
pub static PASSKEY: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("passkey", "js", "text/javascript; charset=utf-8", include_str!("asset/passkey.js"))
});
/// The mark in the browser's tab.
pub static MARK: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("mark", "svg", "image/svg+xml", include_str!("asset/mark.svg")));

/// Address of the style sheet.
#[must_use]
pub fn css() -> String {
    CSS.href()
}

/// Address of the script.
#[must_use]
pub fn js() -> String {
    JS.href()
}

/// Address of the script for passkeys.
#[must_use]
pub fn passkey() -> String {
    PASSKEY.href()
}

/// Address of the mark.
#[must_use]
pub fn mark() -> String {
    MARK.href()
}

/// Every served file.
pub static ALL: [&LazyLock<Asset>; 4] = [&CSS, &JS, &PASSKEY, &MARK];

pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    let Some(asset) = ALL.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    let kind = HeaderValue::from_static(asset.kind);
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, forever)], asset.body).into_response()
}
