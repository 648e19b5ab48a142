//! The PROXY protocol, versions 1 and 2: the header in which a proxy sends the client's address. It
//! comes before everything else, including TLS.
//!
//! Only the client's address and port are read; the further fields of version 2 (TLVs) are skipped.
//! Nothing beyond the header is taken from the stream.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use tokio::io::{AsyncRead, AsyncReadExt};

/// Which peers are proxies, and so begin each connection with a header. No other peer may send one.
#[derive(Clone)]
pub struct Proxies(Arc<dyn Fn(IpAddr) -> bool + Send + Sync>);

impl Proxies {
    /// The peers for which the function returns true; it must not block.
    pub fn new(is_proxy: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(is_proxy))
    }

    pub(crate) fn has(&self, peer: IpAddr) -> bool {
        (self.0)(peer.to_canonical())
    }
}

impl Default for Proxies {
    /// No peer is a proxy.
    fn default() -> Self {
        Self::new(|_| false)
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxies")
    }
}

/// The first bytes of version 2.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// The longest line of version 1, its end included, as the specification says.
const MAX_LINE: usize = 107;

/// The longest header of version 2 after its first 16 bytes: addresses and a few TLVs.
const MAX_FIELDS: usize = 2_048;

/// Reads a header: the client's address, or none when the proxy speaks for itself (health checks) or
/// for a socket that has no address.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] when the bytes are not a header, and the stream's own errors.
pub(crate) async fn read<S>(stream: &mut S) -> io::Result<Option<SocketAddr>>
where
    S: AsyncRead + Unpin,
{
    let mut first = [0; SIGNATURE.len()];
    stream.read_exact(&mut first).await?;
    if first == SIGNATURE {
        return fields(stream).await;
    }
    if !first.starts_with(b"PROXY ") {
        return Err(malformed("this is not a header of the PROXY protocol"));
    }
    let mut line = first.to_vec();
    while !line.ends_with(b"\r\n") {
        if line.len() == MAX_LINE {
            return Err(malformed("the line does not end"));
        }
        line.push(stream.read_u8().await?);
    }
    let line = line.strip_suffix(b"\r\n").unwrap_or_default();
    let line = std::str::from_utf8(line).map_err(|_| malformed("the line is not text"))?;
    sender(line).ok_or_else(|| malformed("the line is malformed"))
}

/// The sender in a line of version 1: `None` when the line is malformed, `Some(None)` when it names
/// no address.
fn sender(line: &str) -> Option<Option<SocketAddr>> {
    let mut words = line.split(' ');
    let (_, family) = (words.next()?, words.next()?);
    if family == "UNKNOWN" {
        return Some(None);
    }
    let (source, target): (IpAddr, IpAddr) =
        (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let (from, _) = (port(words.next()?)?, port(words.next()?)?);
    let fits = match family {
        "TCP4" => source.is_ipv4() && target.is_ipv4(),
        "TCP6" => source.is_ipv6() && target.is_ipv6(),
        _ => false,
    };
    (fits && words.next().is_none()).then_some(Some(SocketAddr::new(source, from)))
}

fn port(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The rest of version 2.
async fn fields<S>(stream: &mut S) -> io::Result<Option<SocketAddr>>
where
    S: AsyncRead + Unpin,
{
    let [command, family] = [stream.read_u8().await?, stream.read_u8().await?];
    let length = usize::from(stream.read_u16().await?);
    if length > MAX_FIELDS {
        return Err(malformed("the header is too long"));
    }
    let mut fields = vec![0; length];
    stream.read_exact(&mut fields).await?;
    match (command, family) {
        (0x20, _) => Ok(None),
        (0x21, 0x11) => address::<4>(&fields, 12).map(Some),
        (0x21, 0x21) => address::<16>(&fields, 36).map(Some),
        // Sockets that are neither TCP over IPv4 nor over IPv6.
        (0x21, _) => Ok(None),
        _ => Err(malformed("an unknown version or command")),
    }
}

/// The source of a block of addresses: source, target, source's port, target's port.
fn address<const N: usize>(fields: &[u8], block: usize) -> io::Result<SocketAddr>
where
    IpAddr: From<[u8; N]>,
{
    let short = || malformed("the addresses are cut short");
    let block = fields.get(..block).ok_or_else(short)?;
    let ip = block.first_chunk::<N>().ok_or_else(short)?;
    let port = block.get(2 * N..).and_then(<[u8]>::first_chunk::<2>).ok_or_else(short)?;
    Ok(SocketAddr::new(IpAddr::from(*ip), u16::from_be_bytes(*port)))
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a stream of these bytes says, and what is left in it.
    async fn parse(bytes: &[u8]) -> (Result<Option<String>, io::ErrorKind>, usize) {
        let mut stream = bytes;
        let read = read(&mut stream).await;
        let said = read.map(|address| address.map(|a| a.to_string())).map_err(|e| e.kind());
        (said, stream.len())
    }

    fn version_2(command: u8, family: u8, fields: &[u8]) -> Vec<u8> {
        let length = (fields.len() as u16).to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, fields, b"GET /"].concat()
    }

    #[tokio::test]
    async fn the_sender_is_read_and_nothing_after_the_header() {
        let ipv4 = [192, 0, 2, 1, 10, 0, 0, 1, 0x12, 0x67, 0x01, 0xbb];
        let ipv6 = [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[7], &[0; 16], &ipv4[8..]].concat();
        let cases: [(Vec<u8>, Option<&str>); 7] = [
            (b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\r\nGET /".to_vec(), Some("192.0.2.1:4711")),
            (b"PROXY TCP6 2001:db8::7 ::1 4711 443\r\nGET /".to_vec(), Some("[2001:db8::7]:4711")),
            (b"PROXY UNKNOWN\r\nGET /".to_vec(), None),
            (version_2(0x21, 0x11, &ipv4), Some("192.0.2.1:4711")),
            (version_2(0x21, 0x21, &ipv6), Some("[2001:db8::7]:4711")),
            (
                version_2(0x21, 0x11, &[&ipv4[..], b"\x04\0\x03abc"].concat()),
                Some("192.0.2.1:4711"),
            ),
            (version_2(0x20, 0x00, &[]), None),
        ];
        for (bytes, address) in cases {
            let (said, left) = parse(&bytes).await;
            assert_eq!((said.unwrap().as_deref(), left), (address, 5), "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn other_bytes_are_refused_within_bounds() {
        let long = format!("PROXY TCP4 {}", "1".repeat(500));
        let cases: [Vec<u8>; 11] = [
            b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 4711\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 443 7\r\n".to_vec(),
            b"PROXY TCP4 2001:db8::7 ::1 4711 443\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 +711 443\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 65536\r\n".to_vec(),
            b"PROXY UDP4 192.0.2.1 10.0.0.1 4711 443\r\n".to_vec(),
            long.into_bytes(),
            version_2(0x21, 0x11, &[0; 11]),
            version_2(0x31, 0x11, &[0; 12]),
            version_2(0x21, 0x11, &[0; MAX_FIELDS + 1]),
        ];
        for bytes in cases {
            let (said, _) = parse(&bytes).await;
            assert_eq!(said, Err(io::ErrorKind::InvalidData), "{bytes:?}");
        }
        let (cut, _) = parse(b"PROXY TCP4 192.0").await;
        assert_eq!(cut, Err(io::ErrorKind::UnexpectedEof));
    }

    #[tokio::test]
    async fn reading_is_bounded_and_gives_an_answer_for_any_bytes() {
        const MOST: usize = SIGNATURE.len() + 4 + MAX_FIELDS;
        let line = b"PROXY TCP6 2001:db8::7 ::1 4711 443\r\n".to_vec();
        for mut header in [line, version_2(0x21, 0x11, &[7; 15]), version_2(0x21, 0x21, &[7; 36])] {
            header.truncate(header.strip_suffix(b"GET /").unwrap_or(&header).len());
            for at in 0..header.len() {
                let (cut, _) = parse(&header[..at]).await;
                assert_eq!(cut, Err(io::ErrorKind::UnexpectedEof), "{at}");
                for byte in 0..=u8::MAX {
                    let mut changed = [&header[..], &[0; MOST]].concat();
                    changed[at] = byte;
                    let (said, left) = parse(&changed).await;
                    assert!(changed.len() - left <= MOST, "{at} {byte}");
                    assert!(!matches!(said, Err(kind) if kind != io::ErrorKind::InvalidData));
                }
            }
        }
    }
}
