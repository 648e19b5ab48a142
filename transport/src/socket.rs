//! Sockets with the options that the transports need.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener, UdpSocket},
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpSocket, TcpStream, lookup_host};

use crate::error::ConnectError;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Kernel buffer of the UDP socket in each direction: the default of 208 KiB overflowed when 1,000
/// clients closed at once. The kernel may give less (`net.core.rmem_max`).
const UDP_BUFFER: usize = 4 * 1024 * 1024;

/// A listening TCP socket, of both families on `[::]`.
pub(crate) fn tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = open(address, Type::STREAM, Protocol::TCP)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// A bound UDP socket with large buffers, of both families on `[::]`.
pub(crate) fn udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = open(address, Type::DGRAM, Protocol::UDP)?;
    socket.set_recv_buffer_size(UDP_BUFFER)?;
    socket.set_send_buffer_size(UDP_BUFFER)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// A TCP connection to the first address of a name that answers, from this local address if there is one.
pub(crate) async fn connect(
    host: &str,
    port: u16,
    bind: Option<IpAddr>,
) -> Result<TcpStream, ConnectError> {
    let mut last = ConnectError::NotFound(host.to_owned());
    for address in lookup_host((host, port)).await? {
        if bind.is_some_and(|bind| bind.is_ipv4() != address.is_ipv4()) {
            continue;
        }
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(bind) = bind {
            socket.bind((bind, 0).into())?;
        }
        match socket.connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

fn open(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        // [::] serves IPv4 too; any other address means itself only.
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}
