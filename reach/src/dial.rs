//! [`Dial`]: a kept-open connection to a server that the operator named, with TLS where its address says so; and which
//! addresses count as public.
//!
//! Never here: HTTP, a pool, a retry, an address that somebody else named ([`crate::Https::public_only`] asks those).
//! To add a transport: a variant of [`Line`].

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use writ_model::Clock;

use crate::{Fault, tls};

/// LIMIT: how long a connection may take, TLS included.
const CONNECT: Duration = Duration::from_secs(5);

/// Connects to servers of the operator's file.
#[derive(Clone)]
pub struct Dial {
    tls: TlsConnector,
}

impl std::fmt::Debug for Dial {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Dial")
    }
}

/// A connection.
#[derive(Debug)]
pub enum Line {
    /// As it is.
    Plain(TcpStream),
    /// Under TLS 1.3 or 1.2.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Dial {
    /// Trusts Mozilla's roots and, if given, the certificates of a PEM text.
    ///
    /// # Errors
    /// [`Fault::Anchors`].
    pub fn new(clock: Arc<dyn Clock>, anchors: Option<&[u8]>) -> Result<Self, Fault> {
        Ok(Self { tls: TlsConnector::from(Arc::new(tls::config(clock, anchors)?)) })
    }

    /// Connects to a host, which has no brackets.
    ///
    /// # Errors
    /// [`Fault::Unreachable`], [`Fault::Tls`] or [`Fault::Late`].
    pub async fn open(&self, host: &str, port: u16, tls: bool) -> Result<Line, Fault> {
        let late = || Fault::Late { host: host.to_owned() };
        timeout(CONNECT, self.opened(host, port, tls)).await.map_err(|_late| late())?
    }

    async fn opened(&self, host: &str, port: u16, tls: bool) -> Result<Line, Fault> {
        let unreachable = |error: std::io::Error| Fault::Unreachable {
            host: host.to_owned(),
            why: error.to_string(),
        };
        let stream = TcpStream::connect((host, port)).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        if !tls {
            return Ok(Line::Plain(stream));
        }
        let failed = |why: String| Fault::Tls { host: host.to_owned(), why };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_name| failed("its name is no name".to_owned()))?;
        let stream = self.tls.connect(name, stream).await;
        Ok(Line::Tls(Box::new(stream.map_err(|error| failed(error.to_string()))?)))
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        }
    }
}

/// Whether everybody on the Internet may reach this address: none that the registries of special-purpose addresses (RFC
/// 6890, RFC 8190) keep for a machine, a link, an organization, a test or a translation to one of those.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => public_four(four),
        IpAddr::V6(six) => public_six(six),
    }
}

fn public_four(four: Ipv4Addr) -> bool {
    let [a, b, c, _] = four.octets();
    let special = four.is_private()
        || four.is_loopback()
        || four.is_link_local()
        || four.is_documentation()
        || four.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn public_six(six: Ipv6Addr) -> bool {
    if let Some(four) = six.to_ipv4_mapped() {
        return public_four(four);
    }
    let [first, second, third, fourth, fifth, sixth, high, low] = six.segments();
    let four = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        public_four(Ipv4Addr::new(a, b, c, d))
    };
    match (first, second) {
        // NAT64 (RFC 6052) and 6to4 (RFC 3056) carry an address of the older kind.
        // With other lengths of the prefix (RFC 8215) it stands elsewhere.
        (0x64, 0xff9b) => [third, fourth, fifth, sixth] == [0; 4] && four(high, low),
        (0x2002, _) => six.segments().get(1..3).is_some_and(|part| match part {
            [high, low] => four(*high, *low),
            _ => false,
        }),
        // Teredo, ORCHID, documentation.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff) => false,
        // Global unicast (RFC 4291 section 2.4).
        _ => (0x2000..=0x3fff).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_for_somebody_is_not_public() {
        for text in
            ["8.8.8.8", "93.184.216.34", "172.15.0.1", "172.32.0.1", "100.63.0.1", "2606:4700::1"]
        {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }
}
