//! Where an address leads: a token goes to its own origin alone.

use ureq::http::Uri;

use super::Http;

/// Whether something may be sent to an address that an archive names for its uploads: it is
/// encrypted, or the archive's own origin.
pub(in super::super) fn may_upload_to(http: &Http, url: &str) -> bool {
    let Some(origin) = origin(url) else {
        return false;
    };
    origin.starts_with("https://") || origin == http.origin
}

/// Scheme, host and port of an address, in lower case, with the port that is meant where none
/// is written.
pub(super) fn origin(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let host = uri.host()?.to_ascii_lowercase();
    Some(match (scheme.as_str(), uri.port_u16()) {
        ("https", Some(443)) | ("http", Some(80)) | (_, None) => format!("{scheme}://{host}"),
        (_, Some(port)) => format!("{scheme}://{host}:{port}"),
    })
}

/// A `Location`, which may lack the scheme and host (RFC 3986, section 5.2, for absolute paths).
pub(super) fn resolve(url: &str, location: &str) -> String {
    let scheme = url.split("://").next().unwrap_or_default();
    if location.starts_with("//") {
        return format!("{scheme}:{location}");
    }
    if location.contains("://") {
        return location.to_owned();
    }
    let rest = url.split("://").nth(1).unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}/{}", location.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(
            origin("https://Zenodo.org/api/x"),
            origin("https://zenodo.org:443")
        );
        assert_ne!(origin("https://zenodo.org"), origin("http://zenodo.org"));
        assert_ne!(
            origin("https://zenodo.org"),
            origin("https://zenodo.org:8443")
        );
        assert_ne!(
            origin("https://zenodo.org"),
            origin("https://zenodo.org.evil.example")
        );
        assert_ne!(
            origin("https://zenodo.org"),
            origin("https://zenodo.org@evil.example")
        );
        assert_eq!(origin("nonsense"), None);
    }

    #[test]
    fn a_location_may_be_a_path() {
        let at = |location| resolve("https://a.example:8443/api/x?y", location);
        assert_eq!(at("/login"), "https://a.example:8443/login");
        assert_eq!(at("//b.example/x"), "https://b.example/x");
        assert_eq!(at("http://b.example/x"), "http://b.example/x");
    }
}
