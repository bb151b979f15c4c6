//! The address that API Gateway called, without what may be private in it.

use std::fmt;

/// Scheme, host and port of an endpoint request URI. Path, query and user info are left behind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// Whether the scheme is `https`.
    pub tls: bool,
    /// The host, in lower case.
    pub host: String,
    /// The port, or the scheme's default.
    pub port: u16,
}

impl Endpoint {
    /// Reads a URI; `None` where it is not an http or https one.
    pub fn parse(uri: &str) -> Option<Self> {
        Self::parts(uri).map(Self::of_parts)
    }

    pub(crate) fn of_parts((tls, host, port): (bool, &str, u16)) -> Self {
        Self { tls, host: host.to_ascii_lowercase(), port }
    }

    /// The same, borrowed: whether it is TLS, the host as it is written, the port.
    pub(crate) fn parts(uri: &str) -> Option<(bool, &str, u16)> {
        let (scheme, rest) = uri.split_once(':')?;
        let rest = rest.strip_prefix("//")?;
        let tls = scheme.eq_ignore_ascii_case("https");
        if !tls && !scheme.eq_ignore_ascii_case("http") {
            return None;
        }
        let end = rest.bytes().position(|byte| b"/?# ".contains(&byte)).unwrap_or(rest.len());
        let authority = &rest[..end];
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let default = if tls { 443 } else { 80 };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
            _ => (authority, default),
        };
        // RFC 1035's longest name; a logged "host" beyond it is not one.
        let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
        let sound = !host.is_empty() && host.len() <= 253 && host.bytes().all(named);
        sound.then_some((tls, host, port))
    }
}

/// The path of a URI, without its query: what a load balancer's rules look at.
pub(crate) fn path(uri: &str) -> Option<String> {
    // No rule's pattern is longer than 128 characters; a path far beyond that decides nothing more.
    const LONGEST: usize = 1024;
    let (_, rest) = uri.split_once("://")?;
    let path = rest.find('/').map_or("/", |start| &rest[start..]);
    let path = path.split(['?', '#', ' ']).next().unwrap_or("/");
    Some(path.chars().take(LONGEST).collect())
}

/// Whether a URI has a query; `None` where its end may have been cut off.
pub(crate) fn has_query(uri: &str) -> Option<bool> {
    // API Gateway cuts its lines at 1,024 characters.
    const SURELY_WHOLE: usize = 900;
    let asks = uri.contains('?');
    (asks || uri.len() < SURELY_WHOLE).then_some(asks)
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(uri: &str, expected: Option<&str>) {
        assert_eq!(Endpoint::parse(uri).map(|e| e.to_string()).as_deref(), expected);
    }

    #[test]
    fn the_port_is_the_schemes_where_none_is_written() {
        check("https://Orders.internal/a?b=c", Some("https://orders.internal:443"));
        check("http://orders.internal", Some("http://orders.internal:80"));
        check("https://orders.internal:8443/a:b", Some("https://orders.internal:8443"));
        check("https://[fd00::1]/a", Some("https://[fd00::1]:443"));
    }

    #[test]
    fn user_info_is_left_behind() {
        check("https://user:secret@orders.internal:8443/", Some("https://orders.internal:8443"));
    }

    #[test]
    fn what_is_no_address_is_none() {
        check("ftp://orders", None);
        check("https://", None);
        check("https://a b/", Some("https://a:443"));
        check("https://<script>/", None);
        check("https://orders:99999/", None);
    }
}
